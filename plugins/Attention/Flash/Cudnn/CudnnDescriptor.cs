namespace Neoteny.Plugins.Flash.Cudnn;

/// <summary>One backend descriptor: created, given attributes, finished, freed.</summary>
internal sealed unsafe class CudnnDescriptor(CudnnKind kind) : IDisposable
{
    /// <summary>The native descriptor.</summary>
    public nint Pointer { get; } = CudnnLibrary.CreateDescriptor(kind);

    public CudnnDescriptor Set(CudnnAttribute attribute, CudnnValue type, int value)
    {
        CudnnLibrary.Set(Pointer, attribute, type, 1, &value);
        return this;
    }

    public CudnnDescriptor Set(CudnnAttribute attribute, params ReadOnlySpan<long> values)
    {
        fixed (long* first = values)
        {
            CudnnLibrary.Set(Pointer, attribute, CudnnValue.Int64, values.Length, first);
        }

        return this;
    }

    public CudnnDescriptor Set(CudnnAttribute attribute, bool value)
    {
        var flag = (byte)(value ? 1 : 0);
        CudnnLibrary.Set(Pointer, attribute, CudnnValue.Boolean, 1, &flag);
        return this;
    }

    public CudnnDescriptor SetPointers(CudnnAttribute attribute, CudnnValue type, params ReadOnlySpan<nint> values)
    {
        fixed (nint* first = values)
        {
            CudnnLibrary.Set(Pointer, attribute, type, values.Length, first);
        }

        return this;
    }

    /// <summary>Finalizes it.</summary>
    /// <exception cref="NeotenyException">cuDNN refuses it.</exception>
    public CudnnDescriptor Finish() => CudnnLibrary.TryFinalize(Pointer) is { } problem
        ? throw new NeotenyException($"flash_attention_3: cuDNN {CudnnLibrary.Version} refuses {kind}: {problem}.")
        : this;

    public void Dispose() => CudnnLibrary.DestroyDescriptor(Pointer);
}
