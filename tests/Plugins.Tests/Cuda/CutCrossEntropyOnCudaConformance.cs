using Neoteny.Losses;
using Neoteny.Plugins.CCE;

namespace Neoteny.Plugins.Tests.Cuda;

public sealed class CutCrossEntropyOnCudaConformance : CudaLossConformance
{
    protected override ILoss Create() => new CutCrossEntropyLoss(new CceOptions());
}

public sealed class CutCrossEntropyInLowMemoryOnCudaConformance : CudaLossConformance
{
    protected override ILoss Create() => new CutCrossEntropyLoss(new CceOptions { LowMemory = true });
}
