using Neoteny.Attention;
using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>The suite on a CUDA device; every check is skipped where there is none.</summary>
public abstract class CudaAttentionConformance : AttentionConformance
{
    private static bool HasDevice => LibTorch.HasCuda && cuda.is_available();

    protected override ConformanceSettings Settings => new() { Device = HasDevice ? CUDA : CPU };

    protected override ConformanceSuite Suite => new AttentionSuite(
        () => HasDevice ? Create() : throw new CheckSkippedException("needs a CUDA device; eng/gpu-test.sh runs it on a GPU host"), Settings);
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
