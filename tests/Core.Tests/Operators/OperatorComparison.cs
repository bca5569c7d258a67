using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

/// <summary>How the tensors of a comparison lie in memory: dense fp32 takes the SIMD loops, everything else the compositions.</summary>
public enum Layout
{
    Dense,
    StridedInput,
    StridedGradient,
    BFloat16,
    BFloat16Input,
}

/// <summary>Runs an operator on a tape and a plain function under libtorch's autograd in fp64, and compares outputs and gradients.</summary>
internal static class OperatorComparison
{
    /// <summary>Norm of the difference over the norm, for fp32.</summary>
    private const double SingleTolerance = 2e-6;

    /// <summary>The same for bf16, whose rounding is 2^-9 for each value.</summary>
    private const double BFloat16Tolerance = 1e-2;

    public static ulong Seed => 11;

    /// <param name="make">Makes the operator from its parameters.</param>
    /// <param name="reference">Maps inputs and weights to outputs.</param>
    /// <param name="shapes">Shapes of the inputs.</param>
    /// <param name="weightShapes">Shapes of the parameters; every one trains but those in <paramref name="frozen"/>.</param>
    public static void Run(
        Layout layout,
        Func<Parameter[], Operator> make,
        Func<Tensor[], Tensor[], Tensor[]> reference,
        long[][] shapes,
        long[][] weightShapes,
        params int[] frozen)
    {
        manual_seed(7);
        using var scope = NewDisposeScope();
        var inputs = shapes.Select(s => Random(s, layout is Layout.BFloat16 or Layout.BFloat16Input, layout == Layout.StridedInput)).ToArray();
        var weights = weightShapes.Select(s => Random(s, layout == Layout.BFloat16, strided: false)).ToArray();
        var parameters = weights.Select((w, i) => new Parameter($"weight{i}", w.clone()) { Trains = !frozen.Contains(i) }).ToArray();
        var expectedInputs = inputs.Select(Leaf).ToArray();
        var expectedWeights = weights.Select(Leaf).ToArray();
        var expected = reference(expectedInputs, expectedWeights);
        var gradients = expected.Select(e => Random(e.shape, layout is Layout.BFloat16 or Layout.BFloat16Input, layout == Layout.StridedGradient)).ToArray();
        autograd.backward(expected, gradients.Select(g => g.to(ScalarType.Float64)).ToArray());

        using var tape = new Tape(new TapeOptions { Seed = Seed });
        var values = inputs.Select(tape.Input).ToArray();
        var outputs = tape.ApplyMany(make(parameters), values);
        var tolerance = layout is Layout.BFloat16 or Layout.BFloat16Input ? BFloat16Tolerance : SingleTolerance;
        Assert.Equal(expected.Length, outputs.Length);
        for (var i = 0; i < outputs.Length; i++)
        {
            Assert.Equal(inputs[0].dtype, outputs[i].Tensor.dtype);
            Close(expected[i], outputs[i].Tensor, tolerance, $"output {i}");
            tape.AddLoss(outputs[i], gradients[i]);
        }

        tape.Backward();
        for (var i = 0; i < inputs.Length; i++)
        {
            Close(expectedInputs[i].grad!, tape.GradientOf(values[i])!, tolerance, $"gradient of input {i}");
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            if (frozen.Contains(i))
            {
                Assert.Null(parameters[i].Gradient);
            }
            else
            {
                Close(expectedWeights[i].grad!, parameters[i].Gradient!, tolerance, $"gradient of weight {i}");
            }

            parameters[i].Dispose();
        }
    }

    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: [{string.Join(", ", actual.shape)}] instead of [{string.Join(", ", expected.shape)}]");
        var wide = expected.detach().to(ScalarType.Float64);
        var difference = actual.to(ScalarType.Float64).sub(wide).norm().item<double>() / Math.Max(wide.norm().item<double>(), 1e-3);
        Assert.True(difference <= tolerance, $"{what}: off by {difference:g3} relative to its norm");
    }

    private static Tensor Leaf(Tensor tensor) => tensor.to(ScalarType.Float64, copy: true).requires_grad_(true);

    private static Tensor Random(long[] shape, bool half, bool strided)
    {
        var tensor = randn(shape);
        if (strided)
        {
            tensor = cat([tensor, tensor], -1).narrow(-1, 0, shape[^1]);
        }

        return half ? tensor.to(ScalarType.BFloat16) : tensor;
    }
}
