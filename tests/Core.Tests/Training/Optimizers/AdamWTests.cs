using Neoteny.Parameters;
using Neoteny.Runtime.Native;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Optimizers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Training.Optimizers;

public sealed class AdamWTests
{
    private static readonly AdamWSettings Settings = new() { WeightDecay = 0.1, Decays = WeightDecayPolicy.Everything };

    public AdamWTests() => LibTorch.Load();

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.25)]
    public void Fp32_steps_follow_the_formula(double gradientScale)
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(randn(33, dtype: ScalarType.Float32));
        double[] p = [.. parameter.Rent().Tensor.data<float>().Select(x => (double)x)], m = new double[33], v = new double[33];
        using var optimizer = new AdamW([parameter], Settings);
        for (var t = 1; t <= 5; t++)
        {
            parameter.SetGradient(randn(33));
            var rate = 0.01 * t;
            Reference(p, m, v, [.. parameter.Gradient!.data<float>().Select(g => g * gradientScale)], rate, t);
            optimizer.Step(rate, gradientScale);
        }

        Assert.All(parameter.Rent().Tensor.data<float>().Zip(p), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
        Assert.Equal(5, optimizer.Steps);
    }

    [Fact]
    public void A_changed_weight_has_a_new_version()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(randn(4));
        using var optimizer = new AdamW([parameter], Settings);
        var before = parameter.Version;
        parameter.SetGradient(ones(4));
        optimizer.Step(0.1);
        Assert.True(parameter.Version > before);
    }

    [Fact]
    public void A_parameter_without_gradient_stays_as_it_is()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(ones(4));
        using var optimizer = new AdamW([parameter], Settings);
        optimizer.Step(0.1);
        Assert.Equal(4f, parameter.Rent().Tensor.sum().item<float>());
    }

    [Fact]
    public void A_gradient_of_another_size_is_refused()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(ones(4));
        using var optimizer = new AdamW([parameter], Settings);
        parameter.SetGradient(ones(1));
        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(0.1));
        Assert.Equal("p [4] was given a gradient of shape [1].", error.Message);
    }

    [Fact]
    public void Matrices_decay_and_vectors_do_not_by_default()
    {
        using var scope = NewDisposeScope();
        Parameter matrix = Parameter(ones(2, 2)), vector = Parameter(ones(2));
        using var optimizer = new AdamW([matrix, vector], new AdamWSettings { WeightDecay = 0.5 });
        matrix.SetGradient(zeros(2, 2));
        vector.SetGradient(zeros(2));
        optimizer.Step(0.1);
        Assert.Equal(0.95f, matrix.Rent().Tensor[0, 0].item<float>(), 1e-6);
        Assert.Equal(1f, vector.Rent().Tensor[0].item<float>());
    }

    [Theory]
    [InlineData(true, ScalarType.BFloat16)]
    [InlineData(true, ScalarType.Float32)]
    [InlineData(false, ScalarType.BFloat16)]
    [InlineData(false, ScalarType.Float32)]
    public void The_fast_bf16_kernel_equals_its_reference(bool masters, ScalarType gradientType)
    {
        // Sizes around the width of a vector and around the length of a piece.
        foreach (var count in new[] { 1, 7, 8, 9, 1023, 32768, 32771, 70001 })
        {
            using var scope = NewDisposeScope();
            var initial = randn(count).to(ScalarType.BFloat16);
            Parameter fast = Parameter(initial.clone()), plain = Parameter(initial.clone());
            using var fastSlot = new AdamWSlot(fast, 3, 0.1, masters, narrowMoments: false);
            using var plainSlot = new AdamWSlot(plain, 3, 0.1, masters, narrowMoments: false);
            var different = 0L;
            for (var t = 1; t <= 3; t++)
            {
                var gradient = randn(count).to(gradientType);
                fast.SetGradient(gradient.clone());
                plain.SetGradient(gradient.clone());
                var update = new AdamWUpdate(Settings with { StochasticRounding = !masters, Seed = 7 }, t, 0.01, 0.5);
                new SimdBFloat16Kernel().Update([fastSlot], [fast.Rent().Tensor], update);
                new AtenBFloat16Kernel().Update([plainSlot], [plain.Rent().Tensor], update);
                different += fast.Rent().Tensor.ne(plain.Rent().Tensor).sum().item<long>();
            }

            Assert.True(allclose(fastSlot.FirstMoment, plainSlot.FirstMoment, 1e-5, 1e-7));
            Assert.True(allclose(fastSlot.SecondMoment, plainSlot.SecondMoment, 1e-5, 1e-9));
            if (masters)
                Assert.True(allclose(fastSlot.Master!, plainSlot.Master!, 1e-5, 1e-6));
            // The last bit of fp32 decides now and then to which side a value is rounded.
            Assert.True(different <= 1 + (count / 500), $"{different} of {count} weights differ");
        }
    }

    [Fact]
    public void Masters_gather_updates_that_bf16_alone_would_lose()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(ones(16, dtype: ScalarType.BFloat16));
        using var optimizer = new AdamW([parameter], new AdamWSettings());
        for (var t = 0; t < 50; t++)
        {
            parameter.SetGradient(ones(16, dtype: ScalarType.BFloat16));
            optimizer.Step(1e-3);
        }

        Assert.Equal(0.95f, parameter.Rent().Tensor.to(ScalarType.Float32)[0].item<float>(), 0.004);
    }

    [Fact]
    public void Stochastic_rounding_is_right_on_average()
    {
        using var scope = NewDisposeScope();
        var parameter = Parameter(ones(20000, dtype: ScalarType.BFloat16));
        using var optimizer = new AdamW([parameter], new AdamWSettings { StochasticRounding = true });
        for (var t = 0; t < 10; t++)
        {
            parameter.SetGradient(ones(20000, dtype: ScalarType.BFloat16));
            optimizer.Step(1e-4);
        }

        var values = parameter.Rent().Tensor.to(ScalarType.Float32);
        Assert.Equal(0.999f, values.mean().item<float>(), 5e-5);
        Assert.True(values.min().item<float>() < values.max().item<float>());
    }

    [Fact]
    public void A_loaded_state_goes_on_with_the_same_bits()
    {
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var scope = NewDisposeScope();
            var gradients = Enumerable.Range(0, 4).Select(_ => randn(77).to(dtype)).ToArray();
            var first = Parameter(randn(77).to(dtype));
            using var optimizer = new AdamW([first], Settings);
            var saved = new Dictionary<string, Tensor>();
            for (var t = 0; t < 4; t++)
            {
                if (t == 2)
                    saved = optimizer.State.ToDictionary(s => s.Name, s => s.Get().clone());
                first.SetGradient(gradients[t].clone());
                optimizer.Step(0.01);
            }

            var second = Parameter(zeros(77, dtype: dtype));
            using var resumed = new AdamW([second], Settings);
            resumed.Load(name => saved.GetValueOrDefault(name), 2);
            for (var t = 2; t < 4; t++)
            {
                second.SetGradient(gradients[t].clone());
                resumed.Step(0.01);
            }

            Assert.True(first.Rent().Tensor.Equals(second.Rent().Tensor));
        }
    }

    [Fact]
    public void A_state_of_another_run_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        using var optimizer = new AdamW([Parameter(ones(4))], Settings);
        var missing = Assert.Throws<InputException>(() => optimizer.Load(_ => null, 1));
        Assert.Equal("The checkpoint holds no 'p.exp_avg': it was written with another model, adapter or precision. Resume with the configuration that wrote it.", missing.Message);
        var shape = Assert.Throws<InputException>(() => optimizer.Load(_ => ones(5), 1));
        Assert.Equal("'p.exp_avg' in the checkpoint is Float32 [5], but this run needs Float32 [4]. Resume with the configuration that wrote it.", shape.Message);
    }

    [Fact]
    public void The_norm_is_global_and_clipping_keeps_small_gradients()
    {
        using var scope = NewDisposeScope();
        Parameter a = Parameter(ones(2)), b = Parameter(ones(1, dtype: ScalarType.BFloat16)), c = Parameter(ones(3));
        a.SetGradient(tensor(new[] { 2f, 3f }));
        b.SetGradient(tensor(new[] { 6f }).to(ScalarType.BFloat16));
        Assert.Equal(7.0, GradientNorm.Of([a, b, c]), 1e-6);
        Assert.Equal(0.0, GradientNorm.Of([c]));
        Assert.Equal(1 / (7 + 1e-6), GradientNorm.ClipFactor(7, 1), 1e-12);
        Assert.Equal(1.0, GradientNorm.ClipFactor(0.5, 1));
        Assert.Equal(1.0, GradientNorm.ClipFactor(100, 0));
    }

    private static Parameter Parameter(Tensor weight) => new("p", weight) { Trains = true };

    private static void Reference(double[] p, double[] m, double[] v, double[] g, double rate, int t)
    {
        for (var i = 0; i < p.Length; i++)
        {
            m[i] += (g[i] - m[i]) * 0.1;
            v[i] = (v[i] * 0.999) + (g[i] * g[i] * 0.001);
            p[i] *= 1 - (rate * 0.1);
            p[i] -= rate * (m[i] / (1 - Math.Pow(0.9, t))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, t))) + 1e-8);
        }
    }
}
