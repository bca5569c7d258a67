using Neoteny.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Options;

/// <summary>The dtype of weights and activations.</summary>
[Options]
public sealed record PrecisionOptions : IValidated
{
    /// <summary>bf16: <c>true</c>, <c>false</c>, or <c>auto</c> for bf16 on a GPU and fp32 on the CPU.</summary>
    [Key("bf16", Aliases = ["bfloat16"], Allowed = ["auto", "true", "false", "full"], Summary = "bf16 weights: true, false, or auto (on a GPU).")]
    public string BFloat16 { get; init; } = "auto";

    /// <summary>fp16; not supported.</summary>
    [Key("fp16", Aliases = ["float16"], Summary = "Not supported: use bf16.")]
    public bool Float16 { get; init; }

    /// <summary>fp32.</summary>
    [Key("float32", Summary = "fp32 weights, as with bf16: false.")]
    public bool Float32 { get; init; }

    /// <summary>Whether fp32 products on a GPU may use TF32.</summary>
    [Key("tf32", Allowed = ["auto", "true", "false"], Summary = "Whether fp32 products on a GPU may use TF32; auto means no.")]
    public string TensorFloat32 { get; init; } = "auto";

    /// <summary>The dtype of weights on a device.</summary>
    public ScalarType WeightType(Device device)
        => !Float32 && (BFloat16 is "true" or "full" || (BFloat16 == "auto" && device.type == DeviceType.CUDA)) ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Float16)
        {
            problems.Add(nameof(Float16), "is not supported: fp16 needs loss scaling, and no CPU computes it. Use 'bf16: true', or 'bf16: false' for fp32.");
        }

        if (Float32 && BFloat16 is "true" or "full")
        {
            problems.Add(nameof(Float32), "cannot be set together with bf16. Keep one of the two.");
        }
    }
}
