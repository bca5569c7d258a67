using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Losses;
using Neoteny.Plugins.CCE;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

/// <summary>The suite in all three dtypes: the CPU computes them in fp32.</summary>
public abstract class CutCrossEntropyConformance(CceOptions options) : LossConformance
{
    protected override ConformanceSettings Settings => new() { Device = base.Settings.Device, DTypes = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16] };

    protected override ILoss Create() => new CutCrossEntropyLoss(options);
}

public sealed class CutCrossEntropyInOnePass() : CutCrossEntropyConformance(new CceOptions());

public sealed class CutCrossEntropyInLowMemory() : CutCrossEntropyConformance(new CceOptions { LowMemory = true });

/// <summary>A threshold that leaves out blocks without moving the results by more than fp32 rounds.</summary>
public sealed class CutCrossEntropyFiltered() : CutCrossEntropyConformance(new CceOptions { LowMemory = true, FilterThreshold = 1e-9 });
