using System.Runtime.InteropServices;

namespace Neoteny.Plugins.Flash.Cudnn;

/// <summary>A compiled graph.</summary>
internal sealed unsafe class CudnnPlan : IDisposable
{
    private readonly CudnnDescriptor plan;
    private readonly long[] constantIds;
    private readonly float* constants;

    public CudnnPlan(CudnnDescriptor plan, IReadOnlyDictionary<long, float> values)
    {
        this.plan = plan;
        constantIds = [.. values.Keys];
        constants = (float*)NativeMemory.Alloc((nuint)Math.Max(values.Count, 1), sizeof(float));
        for (var i = 0; i < constantIds.Length; i++)
        {
            constants[i] = values[constantIds[i]];
        }

        long bytes;
        CudnnLibrary.Get(plan.Pointer, CudnnAttribute.PlanWorkspace, CudnnValue.Int64, 1, &bytes);
        WorkspaceBytes = bytes;
    }

    /// <summary>Device memory that an execution needs besides its tensors.</summary>
    public long WorkspaceBytes { get; }

    /// <summary>Enqueues it on the handle's stream.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="workspace">The address of the workspace.</param>
    /// <param name="tensors">Number and address of each tensor in memory; by-value numbers as addresses of host memory.</param>
    public void Execute(nint handle, nint workspace, params ReadOnlySpan<(long Id, nint Address)> tensors)
    {
        var count = tensors.Length + constantIds.Length;
        Span<long> ids = stackalloc long[count];
        Span<nint> addresses = stackalloc nint[count];
        for (var i = 0; i < count; i++)
        {
            (ids[i], addresses[i]) = i < tensors.Length ? tensors[i] : (constantIds[i - tensors.Length], (nint)(constants + (i - tensors.Length)));
        }

        using var pack = new CudnnDescriptor(CudnnKind.VariantPack);
        pack.SetPointers(CudnnAttribute.PackPointers, CudnnValue.Pointer, addresses).Set(CudnnAttribute.PackIds, ids)
            .SetPointers(CudnnAttribute.PackWorkspace, CudnnValue.Pointer, workspace).Finish();
        CudnnLibrary.Execute(handle, plan.Pointer, pack.Pointer);
    }

    public void Dispose()
    {
        plan.Dispose();
        NativeMemory.Free(constants);
    }
}
