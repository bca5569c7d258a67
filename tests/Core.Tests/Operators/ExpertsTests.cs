using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

public sealed class ExpertsTests : IDisposable
{
    private static readonly ExpertActivation Silu = new() { Name = "silu" };
    private static readonly ExpertActivation Clamped = new() { Name = "silu", Alpha = 1.702, Limit = 1.5, UpOffset = 1 };
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(false, true, 0)]
    [InlineData(true, true, 0)]
    [InlineData(false, false, 2)]
    [InlineData(true, true, 3)]
    public void Output_and_every_gradient_agree_with_the_reference(bool clamped, bool biases, int rank)
    {
        manual_seed(3);
        using var experts = new ExpertSet(clamped ? Clamped : Silu, biases, rank);
        Compare(experts, randn(9, ExpertSet.Hidden), Choose(9, 2), 2e-6);
        Compare(experts, randn(1, ExpertSet.Hidden), Choose(1, 3), 2e-6);
    }

    [Fact]
    public void Other_activations_are_known_and_unknown_ones_refused()
    {
        using var gelu = new ExpertSet(new ExpertActivation { Name = "gelu_pytorch_tanh" });
        Compare(gelu, randn(4, ExpertSet.Hidden), Choose(4, 2), 2e-6);
        using var other = new ExpertSet(new ExpertActivation { Name = "mish" });
        Assert.StartsWith("The activation 'mish' is not known.", Assert.Throws<InputException>(() => new Experts(other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_precision_stays_within_its_rounding()
    {
        manual_seed(4);
        using var experts = new ExpertSet(Silu, biases: true, rank: 2, ScalarType.BFloat16);
        Compare(experts, randn(9, ExpertSet.Hidden).to(ScalarType.BFloat16), Choose(9, 2), 2e-2);
    }

    [Fact]
    public void Experts_without_a_token_get_a_gradient_of_zero()
    {
        using var experts = new ExpertSet(Silu, rank: 2);
        using var tape = new Tape();
        var output = experts.Forward(tape, tape.Constant(randn(2, ExpertSet.Hidden)), new Routing
        {
            Logits = tape.Constant(zeros(2, ExpertSet.Experts)),
            Experts = tape.Constant(tensor(new long[] { 1, 1 }).view(2, 1)),
            Weights = tape.Constant(ones(2, 1)),
        });
        tape.AddLoss(output);
        tape.Backward();
        Assert.Equal(0, experts.GateUp.Gradient![0].abs().max().item<float>());
        Assert.True(experts.GateUp.Gradient![1].abs().max().item<float>() > 0);
        Assert.Equal([ExpertSet.Experts, ExpertSet.Hidden, ExpertSet.Intermediate], experts.Down.Gradient!.shape);
    }

    [Fact]
    public void A_frozen_stack_takes_no_gradient_and_passes_it_on()
    {
        using var experts = new ExpertSet(Silu, rank: 2);
        experts.GateUp.Trains = experts.Down.Trains = false;
        Compare(experts, randn(6, ExpertSet.Hidden), Choose(6, 2), 2e-6);
        Assert.Null(experts.GateUp.Gradient);
    }

    [Fact]
    public void A_checkpointed_layer_routes_the_same_way_again()
    {
        using var experts = new ExpertSet(Silu, biases: true);
        var (x, logits) = (randn(8, ExpertSet.Hidden), randn(8, ExpertSet.Experts));
        float[][] Gradients(bool checkpoint)
        {
            foreach (var parameter in experts.Parameters)
            {
                parameter.SetGradient(null);
            }

            using var tape = new Tape();
            var (xIn, logitsIn) = (tape.Input(x), tape.Input(logits));
            var output = tape.Segment("layer", v =>
            {
                var routed = tape.ApplyMany(new RouterScores(new RouterScoring { Score = RouterScore.Softmax, TopK = 2, Normalizes = true }), v[1]);
                return [experts.Forward(tape, v[0], new Routing { Logits = v[1], Weights = routed[0], Experts = routed[1] })];
            }, [xIn, logitsIn], checkpoint)[0];
            tape.AddLoss(output);
            tape.Backward();
            return [.. experts.Parameters.Select(p => p.Gradient!).Append(tape.GradientOf(xIn)!).Append(tape.GradientOf(logitsIn)!).Select(g => g.data<float>().ToArray())];
        }

        Assert.All(Gradients(false).Zip(Gradients(true)), pair => Assert.Equal(pair.First, pair.Second));
    }

    [Fact]
    public void Nothing_stays_alive_after_a_pass()
    {
        using var experts = new ExpertSet(Clamped, biases: true, rank: 2);
        var (x, chosen) = (randn(6, ExpertSet.Hidden), Choose(6, 2));
        Compare(experts, x, chosen, 2e-6);
        var before = LiveTensors.Count();
        for (var i = 0; i < 3; i++)
        {
            using var inner = NewDisposeScope();
            using var tape = new Tape();
            tape.AddLoss(tape.Apply(new Experts(experts), tape.Input(x), tape.Constant(chosen.Experts), tape.Input(chosen.Weights)));
            tape.Backward();
        }

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Wrong_shapes_and_indices_are_refused()
    {
        using var experts = new ExpertSet(Silu);
        using var tape = new Tape();
        string Error(Tensor x, Tensor indices, Tensor weights)
            => Assert.Throws<ArgumentException>(() => tape.Apply(new Experts(experts), tape.Input(x), tape.Constant(indices), tape.Input(weights))).Message;

        Assert.Equal("experts: an index is 5, but there are 5 experts.", Error(randn(1, 12), tensor(new long[] { 0, 5 }).view(1, 2), ones(1, 2)));
        Assert.Equal("experts: input [1, 11], indices [1, 2] and weights [1, 2] do not fit together, or not gate_up_proj [5, 14, 12].",
            Error(randn(1, 11), tensor(new long[] { 0, 1 }).view(1, 2), ones(1, 2)));
    }

    private static (Tensor Experts, Tensor Weights) Choose(int tokens, int k)
        => (rand(tokens, ExpertSet.Experts).topk(k, -1).indexes, rand(tokens, k));

    private static void Compare(ExpertSet experts, Tensor x_TH, (Tensor Experts, Tensor Weights) chosen, double tolerance)
    {
        var leaves = experts.Parameters.ToDictionary(p => p, Leaf);
        var (x, weights) = (Leaf(x_TH), Leaf(chosen.Weights));
        var expected = experts.Reference(x, chosen.Experts, weights, leaves);
        var gradient = randn(expected.shape).to(x_TH.dtype);
        expected.backward([gradient.to(ScalarType.Float64)]);
        foreach (var parameter in experts.Parameters)
        {
            parameter.SetGradient(null);
        }

        using var tape = new Tape(new TapeOptions { VersionOf = TensorVersion.Of });
        var inputs = (X: tape.Input(x_TH), Weights: tape.Input(chosen.Weights));
        var output = tape.Apply(new Experts(experts), inputs.X, tape.Constant(chosen.Experts), inputs.Weights);
        OperatorComparison.Close(expected, output.Tensor, tolerance, "output");
        tape.AddLoss(output, gradient);
        tape.Backward();
        OperatorComparison.Close(x.grad!, tape.GradientOf(inputs.X)!, tolerance, "gradient of x");
        OperatorComparison.Close(weights.grad!, tape.GradientOf(inputs.Weights)!, tolerance, "gradient of the weights");
        foreach (var parameter in experts.Parameters.Where(p => p.Trains))
        {
            OperatorComparison.Close(leaves[parameter].grad!, parameter.Gradient!, tolerance, $"gradient of {parameter.Path}");
        }
    }

    private static Tensor Leaf(Tensor tensor) => tensor.to(ScalarType.Float64, copy: true).requires_grad_(true);

    private static Tensor Leaf(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return Leaf(lease.Tensor);
    }
}
