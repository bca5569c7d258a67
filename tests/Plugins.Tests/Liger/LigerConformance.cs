using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Plugins.Liger;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Liger;

/// <summary>The suites in fp32, bf16 and fp16, on the CPU too.</summary>
public abstract class LigerModuleConformance : ModuleConformance
{
    protected override ConformanceSettings Settings => LigerSettings.On(base.Settings.Device);
}

/// <summary>The suites in fp32, bf16 and fp16, on the CPU too.</summary>
public abstract class LigerLossConformance : LossConformance
{
    protected override ConformanceSettings Settings => LigerSettings.On(base.Settings.Device);
}

internal static class LigerSettings
{
    public static ConformanceSettings On(Device device) => new() { Device = device, DTypes = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16] };
}

public sealed class LigerRmsNormConformance : LigerModuleConformance
{
    protected override IModuleOverride Create() => new LigerRmsNorm();
}

public sealed class LigerLayerNormConformance : LigerModuleConformance
{
    protected override IModuleOverride Create() => new LigerLayerNorm();
}

public sealed class LigerRopeConformance : LigerModuleConformance
{
    protected override IModuleOverride Create() => new LigerRope();
}

public sealed class LigerGluActivationConformance : LigerModuleConformance
{
    protected override IModuleOverride Create() => new LigerGluActivation();
}

public sealed class LigerCrossEntropyConformance : LigerLossConformance
{
    protected override ILoss Create() => new LigerCrossEntropy();
}

public sealed class LigerFusedLinearCrossEntropyConformance : LigerLossConformance
{
    protected override ILoss Create() => new LigerFusedLinearCrossEntropy(new LigerOptions());
}
