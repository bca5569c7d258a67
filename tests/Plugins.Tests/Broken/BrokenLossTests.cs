using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class BrokenLossTests
{
    private const string Results = "Loss and gradients agree with the reference";

    [Fact]
    public void A_mean_instead_of_the_scaled_sum_is_caught()
        => Catch(Results, "loss", i => Run(Change(i, scale: 1.0 / i.Labels.size(0))));

    [Theory]
    [InlineData(LossFeatures.LabelSmoothing)]
    [InlineData(LossFeatures.ZLoss)]
    [InlineData(LossFeatures.TokenWeights)]
    public void A_claimed_semantic_that_is_ignored_is_caught(LossFeatures ignored)
    {
        Catch(Results, $"{ignored}, Float32: loss", i => Run(Change(i, without: ignored)));
        Catch("What it supports it computes", $"{ignored}: the result is the same", i => Run(Change(i, without: ignored)));
    }

    [Fact]
    public void A_wrong_gradient_of_the_last_label_is_caught() => Catch("Large vocabularies agree with the reference", "gradient of lm_head.weight", i =>
    {
        var result = Run(i);
        i.Head.Weight.Gradient?.narrow(0, i.Head.Weight.Shape[0] - 1, 1).zero_();
        return result;
    });

    [Fact]
    public void A_gradient_of_a_frozen_head_is_caught() => Catch("Gradients are wanted before they are made", "was computed, though the parameter is frozen", i =>
    {
        var result = Run(i);
        if (!i.Head.Weight.Trains)
        {
            i.Head.Weight.AddGradient(zeros([.. i.Head.Weight.Shape]));
        }

        return result;
    });

    [Fact]
    public void A_gradient_that_replaces_the_one_before_is_caught() => Catch("Gradients are added to those already there", "twice the gradient", i =>
    {
        i.Head.Weight.SetGradient(null);
        return Run(i);
    });

    [Fact]
    public void Dividing_by_the_trained_labels_is_caught_where_there_are_none() => Catch("Ignored labels cost nothing", "the loss is NaN", i =>
    {
        var result = Run(i);
        var count = i.Labels.ne(Scalars.Of(-100L)).sum().to(ScalarType.Float32);
        return new LossResult { Loss = result.Loss.mul(count).div(count), HiddenGradient = result.HiddenGradient, PerToken = result.PerToken };
    });

    [Fact]
    public void Gradients_that_nobody_wants_are_caught()
        => Catch("Gradients are wanted before they are made", "hidden gradient: was computed", i => Run(Change(i, needsGradient: true)));

    [Fact]
    public void Overflow_of_extreme_logits_is_caught() => Catch("Extreme logits stay finite", "logits of 1e4", i =>
    {
        var result = Run(i);
        return i.Hidden.abs().max().to(ScalarType.Float32).item<float>() < 1e3 ? result
            : new LossResult { Loss = result.Loss, HiddenGradient = result.HiddenGradient?.mul(Scalars.Of(double.PositiveInfinity)) };
    });

    [Fact]
    public void Changed_labels_are_caught() => Catch("Inputs stay as they are", "labels: was changed", i =>
    {
        var result = Run(i);
        i.Labels.clamp_(Scalars.Of(0L));
        return result;
    });

    [Fact]
    public void A_forgotten_tensor_is_caught() => Catch("Nothing but the results stays alive", "tensors more are alive", i =>
    {
        i.Hidden.clone().DetachFromDisposeScope();
        return Run(i);
    });

    [Fact]
    public void Without_a_fault_nothing_is_caught() => Caught.None(new LossSuite(() => new Broken(Run)), 12);

    private static LossResult Run(LossInput input) => new CrossEntropyLoss().Compute(input);

    private static LossInput Change(LossInput input, double? scale = null, LossFeatures without = 0, bool? needsGradient = null) => new()
    {
        Hidden = input.Hidden,
        Head = input.Head,
        Labels = input.Labels,
        Demands = input.Demands & ~without,
        Scale = scale ?? input.Scale,
        NeedsGradient = needsGradient ?? input.NeedsGradient,
        LabelSmoothing = input.LabelSmoothing,
        ZLoss = input.ZLoss,
        TokenWeights = without.HasFlag(LossFeatures.TokenWeights) ? null : input.TokenWeights,
    };

    private static void Catch(string check, string text, Func<LossInput, LossResult> compute) => Caught.By(new LossSuite(() => new Broken(compute)), check, text);

    private sealed class Broken(Func<LossInput, LossResult> compute) : ILoss
    {
        public LossFeatures Supports => new CrossEntropyLoss().Supports;

        public LossResult Compute(LossInput input) => compute(input);
    }
}
