using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>How far a result may be from the fp64 reference of the same, already rounded inputs, relative to its norm.</summary>
/// <remarks>
/// bf16 and fp16: four units of rounding (2^-8 and 2^-11). Inputs cost nothing, since the reference sees them rounded; a kernel rounds
/// probabilities, score gradients and results once each, and the softmax gradient subtracts two of them. fp32: rounding of a sum over a
/// few hundred products and of exponentials accurate to a few units, 1e-5. On a device the order of sums differs, and still fits. TF32
/// products (2^-11) do not: a kernel that uses them in fp32 must not claim fp32.
/// </remarks>
public static class Tolerance
{
    /// <summary>The relative tolerance of a dtype.</summary>
    public static double Of(ScalarType dtype) => dtype switch
    {
        ScalarType.Float64 => 1e-9,
        ScalarType.BFloat16 => 4.0 / 256,
        ScalarType.Float16 => 4.0 / 2048,
        _ => 1e-5,
    };
}
