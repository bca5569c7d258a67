using Neoteny.Autograd;
using Neoteny.Runtime;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

public sealed class DivergenceTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<double, double, bool> Divergences()
    {
        var data = new TheoryData<double, double, bool>();
        foreach (var (beta, temperature) in new[] { (0.0, 1.0), (1, 1), (0.5, 1), (0.1, 2), (0.9, 1), (0, 3) })
        {
            data.Add(beta, temperature, false);
            data.Add(beta, temperature, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Divergences))]
    public void Divergences_agree_with_autograd(double beta, double temperature, bool own)
    {
        foreach (var (tokens, vocabulary) in new[] { (1, 2), (13, 97), (5, 1009), (2, 50_257) })
        {
            foreach (var (dtype, tolerance) in new[] { (ScalarType.Float32, 3e-5), (ScalarType.BFloat16, 1e-2) })
            {
                Compare(beta, temperature, own, tokens, vocabulary, dtype, tolerance);
            }
        }
    }

    [Fact]
    public void Kullback_and_Leiblers_are_the_ends_of_the_mixture()
    {
        var (student, teacher) = (randn(7, 31), randn(7, 31));
        Assert.Equal(Value(Divergence.JensenShannon(0, 2), student, teacher), Value(Divergence.KullbackLeibler(2, reverse: false), student, teacher));
        Assert.Equal(Value(Divergence.JensenShannon(1, 2), student, teacher), Value(Divergence.KullbackLeibler(2, reverse: true), student, teacher));
        Assert.Equal(0, Value(Divergence.JensenShannon(0.3, 1), student, student), 1e-5f);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Extreme_logits_stay_finite(double beta)
    {
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var tape = new Tape();
            var student = tape.Input(tensor([1e4f, -1e4f, 0, -1e4f, 1e4f, 0]).reshape(2, 3).to(dtype));
            var teacher = tape.Constant(tensor([-1e4f, 1e4f, 0, -1e4f, 1e4f, 0]).reshape(2, 3).to(dtype));
            var value = tape.Apply(Divergence.JensenShannon(beta, 1), student, teacher, tape.Constant(ones(2)));
            Assert.True(value.Tensor.isfinite().item<bool>());
            tape.AddLoss(value);
            tape.Backward();
            Assert.True(tape.GradientOf(student)!.isfinite().all().item<bool>());
        }
    }

    [Fact]
    public void The_gradient_takes_the_place_of_logits_that_nobody_needs()
    {
        using var tape = new Tape();
        var x = tape.Input(randn(3, 8));
        var logits = tape.Apply(new Copy(), x);
        var at = TensorData.Pointer(logits.Tensor);
        tape.AddLoss(tape.Apply(Divergence.KullbackLeibler(1, reverse: false), logits.Donate(), tape.Constant(randn(3, 8)), tape.Constant(ones(3))));
        tape.Backward();
        Assert.Equal(at, TensorData.Pointer(tape.GradientOf(x)!));
    }

    [Fact]
    public void Shapes_and_settings_that_do_not_fit_are_refused()
    {
        using var tape = new Tape();
        var (student, teacher) = (tape.Input(randn(3, 8)), tape.Constant(randn(3, 7)));
        Assert.Equal(
            "kl_divergence: student [3, 8], teacher [3, 7] and weights [3] are not [T, V], [T, V] and [T].",
            Assert.Throws<ArgumentException>(() => tape.Apply(Divergence.KullbackLeibler(1, reverse: false), student, teacher, tape.Constant(ones(3)))).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Divergence.JensenShannon(1.5, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Divergence.KullbackLeibler(0, reverse: true));
    }

    private static void Compare(double beta, double temperature, bool own, int tokens, int vocabulary, ScalarType dtype, double tolerance)
    {
        manual_seed(3);
        var (student, teacher, weights) = (randn(tokens, vocabulary).mul_(Scalars.Of(2.0)).to(dtype), randn(tokens, vocabulary).mul_(Scalars.Of(2.0)).to(dtype), rand(tokens));
        var x = student.to(ScalarType.Float64).requires_grad_(true);
        var (logQ, logP) = (x.div(Scalars.Of(temperature)).log_softmax(1), teacher.to(ScalarType.Float64).div(Scalars.Of(temperature)).log_softmax(1));
        var (q, p) = (logQ.exp(), logP.exp());
        var logM = p.mul(Scalars.Of(beta)).add(q.mul(Scalars.Of(1 - beta)), Scalars.One).log();
        Tensor Kl(Tensor a, Tensor logA, Tensor logB) => a.mul(logA.sub(logB)).sum([1L]);
        var each = beta == 0 ? Kl(p, logP, logQ) : beta == 1 ? Kl(q, logQ, logP) : Kl(p, logP, logM).mul(Scalars.Of(beta)).add(Kl(q, logQ, logM).mul(Scalars.Of(1 - beta)), Scalars.One);
        var expected = each.mul(weights).sum();
        expected.mul(Scalars.Of(0.5)).backward();

        using var tape = new Tape();
        var input = tape.Input(student);
        var logits = own ? tape.Apply(new Cast(dtype), input).Donate() : input;
        var value = tape.Apply(Divergence.JensenShannon(beta, temperature), logits, tape.Constant(teacher), tape.Constant(weights));
        tape.AddLoss(value, tensor(0.5f));
        var actual = value.Tensor.item<float>();
        tape.Backward();

        // Rounded logarithms of probabilities count for more where the distributions hardly differ.
        Assert.Equal(expected.item<double>(), actual, 1e-5 * Math.Max(1, expected.item<double>()));
        OperatorComparison.Close(x.grad!, tape.GradientOf(input)!, tolerance, $"gradient of {tokens} x {vocabulary} {dtype}");
    }

    private static float Value(Divergence divergence, Tensor student, Tensor teacher)
    {
        using var tape = new Tape();
        return tape.Apply(divergence, tape.Constant(student), tape.Constant(teacher), tape.Constant(ones(student.size(0)))).Tensor.item<float>();
    }

    private sealed class Copy : Operator
    {
        public override string Name => "copy";

        public override void Forward(ForwardContext context) => context.Emit(context.Input(0).clone());

        public override void Backward(BackwardContext context) => context.Pass(0);
    }
}
