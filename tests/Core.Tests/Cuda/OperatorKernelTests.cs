using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda;

/// <summary>The CUDA kernels of built-in operators against the same operators on the CPU in fp32.</summary>
public sealed class OperatorKernelTests
{
    private static readonly (ScalarType DType, double Tolerance)[] Types = [(ScalarType.Float32, 2e-5), (ScalarType.BFloat16, 1e-2), (ScalarType.Float16, 2e-3)];

    [CudaFact]
    public void RmsNorm_gives_the_same_and_is_made_again_for_the_projection_behind_it()
    {
        foreach (var (rows, width) in new[] { (1, 64), (37, 2048), (2000, 4096), (19, 128), (5, 16384), (7, 30), (9, 123), (301, 512), (600, 8192) })
        {
            Compare([[rows, width]], [[width], [24, width]], (tape, x, p) =>
            {
                // The input is used twice, so that its gradient arrives in two parts.
                var normed = tape.Apply(new RmsNorm(p[0], 1e-5, offset: 1), x[0]);
                var projected = tape.Apply(new Linear(p[1]), normed.Donate());
                return [projected, tape.Apply(new View(rows, width), x[0])];
            });
        }
    }

    [CudaFact]
    public void RmsNorm_of_heads_gives_the_same()
        => Compare([[300, 8, 128]], [[128]], (tape, x, p) => [tape.Apply(new RmsNorm(p[0], 1e-6), x[0])]);

    [CudaFact]
    public void The_gate_gives_the_same_and_is_made_again_for_the_projection_behind_it()
    {
        foreach (var activation in new[] { "silu", "gelu", "gelu_pytorch_tanh", "relu" })
        {
            foreach (var (rows, width) in new[] { (1, 8), (77, 8192), (513, 768), (9, 13), (3, 16384), (65, 4104) })
            {
                Compare([[rows, width], [rows, width]], [[16, width]], (tape, x, p) =>
                    [tape.Apply(new Linear(p[0]), tape.Apply(new GatedActivation(activation), x[0], x[1]).Donate())]);
            }
        }
    }

    [CudaFact]
    public void The_gate_of_a_joint_projection_gives_the_same()
        => Compare([[65, 512]], [], (tape, x, _) =>
        {
            var halves = tape.ApplyMany(new Split(256, 256), x[0]);
            return [tape.Apply(new GatedActivation("silu"), halves[0], halves[1])];
        });

    [CudaFact]
    public void Rotary_gives_the_same()
    {
        foreach (var (heads, keys, size, turned) in new[] { (32, 8, 64, 64), (4, 4, 128, 128), (3, 1, 96, 64), (2, 1, 20, 20) })
        {
            var angles = arange(0, 50, dtype: ScalarType.Float32).unsqueeze(1).mul(rand(1, turned / 2));
            Compare([[50, heads, size], [50, keys, size]], [], (tape, x, _) =>
            {
                var device = x[0].Tensor.device;
                var rotary = new Rotary(new RotaryAngles { Cosines = tape.Keep(angles.cos().to(device)), Sines = tape.Keep(angles.sin().to(device)) });
                return tape.ApplyMany(rotary, x[0], x[1]);
            });
        }
    }

    [CudaFact]
    public void Divergences_give_the_same()
    {
        foreach (var (tokens, vocabulary) in new[] { (1, 2), (13, 97), (64, 1000), (5, 50257), (2, 256000) })
        {
            foreach (var beta in new[] { 0, 0.3, 1 })
            {
                // Of two distributions that hardly differ, the rounding of their logarithms is what is left.
                Compare([[tokens, vocabulary]], [], (tape, x, _) =>
                {
                    var device = x[0].Tensor.device;
                    var teacher = tape.Keep(arange(0, tokens * (long)vocabulary, dtype: ScalarType.Float32).reshape(tokens, vocabulary).sin().to(device).to(x[0].Tensor.dtype));
                    return [tape.Apply(Divergence.JensenShannon(beta, 1.5), x[0], tape.Constant(teacher), tape.Constant(tape.Keep(ones(tokens, device: device))))];
                },
                smallest: 5e-2f);
            }
        }
    }

    [CudaFact]
    public void A_product_is_added_to_the_gradient_that_another_use_of_the_input_left()
        => Compare([[40, 64]], [[32, 64], [48, 64]], (tape, x, p) => [tape.Apply(new Linear(p[0]), x[0]), tape.Apply(new Linear(p[1]), x[0])]);

    private static void Compare(long[][] inputs, long[][] weights, Func<Tape, Value[], Parameter[], Value[]> body, float smallest = 1e-6f)
    {
        foreach (var (dtype, tolerance) in Types)
        {
            using var scope = NewDisposeScope();
            manual_seed(7);
            Tensor[] all = [.. inputs.Concat(weights).Select(s => randn(s).to(dtype))];
            var seeds = new List<Tensor>();
            var expected = Run(all, inputs.Length, t => t.to(ScalarType.Float32), body, seeds);
            var actual = Run(all, inputs.Length, t => t.to(CUDA), body, seeds);
            for (var i = 0; i < expected.Count; i++)
            {
                var (e, a) = (expected[i], actual[i].to(CPU).to(ScalarType.Float32));
                var error = a.sub(e).norm().item<float>() / Math.Max(smallest, e.norm().item<float>());
                Assert.True(error < tolerance, $"{dtype}, inputs {string.Join(";", inputs.Select(s => string.Join(",", s)))}, result {i}: relative error {error}");
            }
        }
    }

    private static List<Tensor> Run(Tensor[] all, int inputs, Func<Tensor, Tensor> place, Func<Tape, Value[], Parameter[], Value[]> body, List<Tensor> seeds)
    {
        using var tape = new Tape();
        Parameter[] parameters = [.. all.Skip(inputs).Select((t, i) => new Parameter($"p{i}", place(t).clone()) { Trains = true })];
        Value[] values = [.. all.Take(inputs).Select(t => tape.Input(place(t).clone()))];
        var outputs = body(tape, values, parameters);
        List<Tensor> results = [.. outputs.Select(o => o.Tensor.clone())];
        for (var i = 0; i < outputs.Length; i++)
        {
            if (seeds.Count == i)
                seeds.Add(randn(outputs[i].Tensor.shape).to(all[0].dtype));
            tape.AddLoss(outputs[i], place(seeds[i]));
        }

        tape.Backward();
        results.AddRange(values.Select(v => tape.GradientOf(v)!.clone()));
        results.AddRange(parameters.Select(p => p.Gradient!.clone()));
        Array.ForEach(parameters, p => p.Dispose());
        return results;
    }
}
