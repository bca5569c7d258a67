using Neoteny.Attention;
using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Flex.Cuda;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>The suite on a CUDA device; every check is skipped where there is none.</summary>
public abstract class CudaAttentionConformance : AttentionConformance
{
    private static bool HasDevice => LibTorch.HasCuda && cuda.is_available();

    protected override ConformanceSettings Settings => new() { Device = HasDevice ? CUDA : CPU };

    protected override ConformanceSuite Suite => new AttentionSuite(
        () =>
        {
            if (!HasDevice)
                throw new CheckSkippedException("needs a CUDA device; eng/gpu-test.sh runs it on a GPU host");
            Prepare();
            return Create();
        },
        Settings);

    /// <summary>What is done once before the checks, on a device.</summary>
    protected virtual void Prepare()
    {
    }
}

public sealed class FlashAttention2Conformance : CudaAttentionConformance
{
    protected override IAttention Create() => new FlashAttention2();
}

public sealed class FlashAttention3Conformance : CudaAttentionConformance
{
    protected override IAttention Create() => new FlashAttention3();
}

public sealed class XformersConformance : CudaAttentionConformance
{
    protected override IAttention Create() => new XformersAttention();
}

public sealed class SdpaOnCudaConformance : CudaAttentionConformance
{
    protected override IAttention Create() => new SdpaAttention();
}

public sealed class EagerOnCudaConformance : CudaAttentionConformance
{
    protected override IAttention Create() => new EagerAttention();
}

public sealed class FlexOnCudaConformance : CudaAttentionConformance
{
    private static readonly Lazy<bool> IsPrepared = new(Compile);

    protected override IAttention Create() => new FlexAttention(new FlexOptions());

    protected override void Prepare() => Assert.True(IsPrepared.Value);

    /// <summary>Every case is a program and a pair of head sizes of its own, and each takes seconds to compile: all are compiled at once, on all cores.</summary>
    private static bool Compile()
    {
        var program = new FlexOptions().Program();
        var specs = AttentionCase.All.Select(c => c.Spec).DistinctBy(s => (LayerKey.Of(s), s.HeadSize, s.ValueSize));
        ScalarType[] dtypes = [ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float32];
        Parallel.ForEach(
            from s in specs from t in dtypes select (Spec: s, DType: t),
            c => FlexKernels.Prepare(
                LayerProgram.Of(program, LayerKey.Of(c.Spec)), c.DType, c.Spec.HeadSize, c.Spec.ValueSize > 0 ? c.Spec.ValueSize : c.Spec.HeadSize, CudaDevice.Get(0), needsBackward: true));
        return true;
    }
}
