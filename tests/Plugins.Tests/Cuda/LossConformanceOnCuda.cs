using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Losses;
using Neoteny.Plugins.CCE;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>The suite on a CUDA device; every check is skipped where there is none.</summary>
public abstract class CudaLossConformance : LossConformance
{
    private static bool HasDevice => LibTorch.HasCuda && cuda.is_available();

    protected override ConformanceSettings Settings => new() { Device = HasDevice ? CUDA : CPU };

    protected override ConformanceSuite Suite => new LossSuite(
        () => HasDevice ? Create() : throw new CheckSkippedException("needs a CUDA device; eng/gpu-test.sh runs it on a GPU host"), Settings);
}

public sealed class CutCrossEntropyOnCudaConformance : CudaLossConformance
{
    protected override ILoss Create() => new CutCrossEntropyLoss(new CceOptions());
}

public sealed class CutCrossEntropyInLowMemoryOnCudaConformance : CudaLossConformance
{
    protected override ILoss Create() => new CutCrossEntropyLoss(new CceOptions { LowMemory = true });
}
