using Neoteny.Autograd;
using Neoteny.Conformance;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Liger;

/// <summary>Runs operators on a tape and a plain function under libtorch's autograd in fp64, and compares outputs and gradients.</summary>
internal static class OperatorCheck
{
    /// <summary>Runs and compares.</summary>
    /// <param name="dtype">Dtype of inputs and outputs.</param>
    /// <param name="shapes">Shapes of the inputs.</param>
    /// <param name="parameters">Those that train.</param>
    /// <param name="body">Applies operators to the inputs.</param>
    /// <param name="exact">The same of inputs and weights in fp64.</param>
    /// <param name="device">Where the operators run; null for the CPU.</param>
    public static void Run(
        ScalarType dtype, long[][] shapes, Parameter[] parameters, Func<Tape, Value[], Value[]> body, Func<Tensor[], Tensor[], Tensor[]> exact, Device? device = null)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        Tensor[] inputs = [.. shapes.Select(s => randn(s).to(dtype))];
        Tensor[] leaves = [.. inputs.Select(Leaf)];
        Tensor[] weights = [.. parameters.Select(p =>
        {
            using var lease = p.Rent();
            return Leaf(lease.Tensor.cpu());
        })];
        var expected = exact(leaves, weights);
        Tensor[] seeds = [.. expected.Select(e => randn(e.shape).to(dtype))];
        autograd.backward(expected, [.. seeds.Select(s => s.to(ScalarType.Float64))]);

        using var tape = new Tape();
        Value[] values = [.. inputs.Select(x => tape.Input(device is null ? x : x.to(device)))];
        var outputs = body(tape, values);
        var tolerance = Tolerance.Of(dtype);
        var what = $"{dtype} {string.Join(' ', shapes.Select(s => string.Join('x', s)))}";
        Assert.Equal(expected.Length, outputs.Length);
        for (var i = 0; i < outputs.Length; i++)
        {
            Assert.Equal(dtype, outputs[i].Tensor.dtype);
            Close.To(expected[i], outputs[i].Tensor.cpu(), tolerance, $"{what}, output {i}");
            tape.AddLoss(outputs[i], device is null ? seeds[i] : seeds[i].to(device));
        }

        tape.Backward();
        for (var i = 0; i < inputs.Length; i++)
        {
            Close.To(leaves[i].grad!, tape.GradientOf(values[i])!.cpu(), tolerance, $"{what}, gradient of input {i}");
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            if (weights[i].grad is { } gradient)
            {
                Close.To(gradient, parameters[i].Gradient!.cpu(), tolerance, $"{what}, gradient of {parameters[i].Path}");
            }

            parameters[i].SetGradient(null);
        }
    }

    /// <summary>A value rounded to a dtype, with the gradient of the value itself.</summary>
    public static Tensor Rounded(Tensor exact, ScalarType dtype) => exact.add(exact.detach().to(dtype).to(ScalarType.Float64).sub(exact.detach()), Runtime.Scalars.One);

    private static Tensor Leaf(Tensor tensor) => tensor.to(ScalarType.Float64, copy: true).requires_grad_(true);
}
