using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What a suite runs on.</summary>
public sealed class ConformanceSettings
{
    // Devices are TorchSharp's, whose own search for libtorch must not come first.
    static ConformanceSettings() => LibTorch.Load();

    /// <summary>Where the implementation runs. The references always run on the CPU.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>The dtypes to try; null for fp32 and bf16 on the CPU, and fp16 as well on other devices.</summary>
    public IReadOnlyList<ScalarType>? DTypes { get; init; }

    /// <summary>Seed of all random inputs.</summary>
    public ulong Seed { get; init; } = 5;

    internal IReadOnlyList<ScalarType> EffectiveDTypes
        => DTypes ?? (Device.type == DeviceType.CPU ? [ScalarType.Float32, ScalarType.BFloat16] : [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16]);

    /// <summary>The dtype for checks that need one only: the first one tried.</summary>
    internal ScalarType FirstDType => EffectiveDTypes[0];

    internal Draw Draw() => new(Seed, Device);
}
