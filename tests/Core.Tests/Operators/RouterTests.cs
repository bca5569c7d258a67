using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

public sealed class RouterTests : IDisposable
{
    private const int Tokens = 11, Experts = 8;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<RouterScore, bool, double, int, double> Variants() => new()
    {
        { RouterScore.Softmax, true, 1, 1, 0 },
        { RouterScore.Softmax, false, 1, 1, 0 },
        { RouterScore.SoftmaxOfChosen, false, 1, 1, 0 },
        { RouterScore.Sigmoid, true, 2.5, 4, 0 },
        { RouterScore.Sigmoid, false, 1.5, 2, 0 },
        { RouterScore.Sigmoid, true, 1, 1, 0 },
        { RouterScore.Sigmoid, true, 2.5, 4, -3 },
        { RouterScore.Sigmoid, false, 1, 2, -3 },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Choice_weights_and_gradient_agree_with_the_reference(RouterScore score, bool normalizes, double factor, int groups, double bias)
    {
        manual_seed(6);
        var scoring = new RouterScoring { Score = score, TopK = 3, Normalizes = normalizes, Factor = factor, Groups = groups, ChosenGroups = Math.Max(1, groups / 2) };
        var logits = randn(Tokens, Experts);
        using var correction = score == RouterScore.Sigmoid ? new Parameter("e_score_correction_bias", rand(Experts).add_(Scalars.Of(bias))) { IsBuffer = true } : null;
        using var corrections = correction?.Derived("copy", t => t.clone()).alias();
        var leaf = logits.to(ScalarType.Float64, copy: true).requires_grad_(true);
        var (weights, chosen) = Reference(scoring, leaf, corrections?.to(ScalarType.Float64));
        var gradient = randn(Tokens, 3);
        weights.backward([gradient.to(ScalarType.Float64)]);

        using var tape = new Tape();
        var input = tape.Input(logits);
        var outputs = tape.ApplyMany(new RouterScores(scoring, correction), input);
        Assert.Equal(Sorted(chosen), Sorted(outputs[1].Tensor));
        var order = outputs[1].Tensor.argsort(-1);
        var expectedOrder = chosen.argsort(-1);
        OperatorComparison.Close(weights.gather(-1, expectedOrder), outputs[0].Tensor.gather(-1, order), 2e-6, "weights");
        // Ours in another order takes the gradients in that order.
        tape.AddLoss(outputs[0], zeros_like(gradient).scatter_(-1, order, gradient.gather(-1, expectedOrder)));
        tape.Backward();
        OperatorComparison.Close(leaf.grad!, tape.GradientOf(input)!, 2e-6, "gradient of the logits");
        Assert.Null(correction?.Gradient);
    }

    [Fact]
    public void A_buffer_never_trains()
    {
        using var buffer = new Parameter("e_score_correction_bias", zeros(3)) { IsBuffer = true, Trains = true };
        buffer.Trains = true;
        Assert.False(buffer.Trains);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_balance_loss_of_several_layers_and_its_gradient_agree_with_the_reference(bool padded)
    {
        manual_seed(8);
        Tensor[] logits = [randn(Tokens, Experts), randn(Tokens, Experts), randn(Tokens, Experts)];
        var counted = padded ? tensor(Enumerable.Range(0, Tokens).Select(t => t is 3 or > 8 ? 0f : 1f).ToArray()) : null;
        var rows = tensor(Enumerable.Range(0, Tokens).Where(t => !padded || t is not 3 and <= 8).Select(t => (long)t).ToArray());
        var leaves = logits.Select(l => l.to(ScalarType.Float64, copy: true).requires_grad_(true)).ToArray();

        // As the published code writes it: all layers below one another, padded rows left out.
        var all = cat(leaves.Select(l => l.index_select(0, rows)).ToArray()).softmax(-1);
        var chosen = zeros_like(all).scatter_(-1, all.topk(2, -1).indexes, ones_like(all));
        var expected = chosen.mean([0L]).mul(all.mean([0L])).sum().mul(Scalars.Of((double)Experts));
        expected.backward();

        using var tape = new Tape();
        var inputs = logits.Select(tape.Input).ToArray();
        var loss = tape.Apply(new RouterBalance(2, (int)rows.size(0), counted), inputs);
        Assert.Equal(expected.item<double>(), loss.Tensor.item<float>(), 1e-5);
        using var factor = tensor(0.02f);
        tape.AddLoss(loss, factor);
        tape.Backward();
        foreach (var (leaf, input) in leaves.Zip(inputs))
        {
            OperatorComparison.Close(leaf.grad!.mul(Scalars.Of(0.02)), tape.GradientOf(input)!, 3e-6, "gradient of the logits");
        }
    }

    [Theory]
    [InlineData(Layout.Dense)]
    [InlineData(Layout.StridedInput)]
    [InlineData(Layout.StridedGradient)]
    [InlineData(Layout.BFloat16Input)]
    public void A_sigmoid_gate_and_joined_features(Layout layout)
    {
        OperatorComparison.Run(layout, _ => SigmoidGate.Instance, (x, _) => [x[0].mul(x[1].sigmoid())], [[7, 5], [7, 1]], []);
        OperatorComparison.Run(layout, _ => JoinFeatures.Instance, (x, _) => [cat([x[0], x[1]], -1)], [[7, 3, 4], [7, 3, 6]], []);
        OperatorComparison.Run(layout, _ => JoinFeatures.Instance, (x, _) => [cat([x[0], x[1].expand(7, 3, 6)], -1)], [[7, 3, 4], [7, 1, 6]], []);
    }

    private static (Tensor Weights, Tensor Chosen) Reference(RouterScoring scoring, Tensor logits, Tensor? bias)
    {
        if (scoring.Score == RouterScore.SoftmaxOfChosen)
        {
            var (values, best) = logits.topk(scoring.TopK, -1);
            return (values.softmax(-1), best);
        }

        var scores = scoring.Score == RouterScore.Softmax ? logits.softmax(-1) : logits.sigmoid();
        var candidates = bias is null ? scores.detach() : Plain.Sum(scores.detach(), bias);
        if (scoring.Groups > 1)
        {
            var size = Experts / scoring.Groups;
            var grouped = candidates.reshape(Tokens, scoring.Groups, size);
            var kept = grouped.topk(2, -1).values.sum(-1).topk(scoring.ChosenGroups, -1).indexes;
            var mask = full(Tokens, scoring.Groups, double.NegativeInfinity, dtype: ScalarType.Float64).scatter_(-1, kept, zeros(Tokens, scoring.ChosenGroups, dtype: ScalarType.Float64));
            candidates = Plain.Sum(candidates, mask.repeat_interleave(size, 1));
        }

        var chosen = candidates.topk(scoring.TopK, -1).indexes;
        var weights = scores.gather(-1, chosen);
        return ((scoring.Normalizes ? weights.div(weights.sum(-1, keepdim: true)) : weights).mul(Scalars.Of(scoring.Factor)), chosen);
    }

    private static long[] Sorted(Tensor chosen) => chosen.sort(-1).Values.contiguous().data<long>().ToArray();
}
