using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

/// <summary><c>cce_filter_eps</c>: blocks of small gradients are left out, and only those.</summary>
public sealed class CceFilterTests : IDisposable
{
    private const int Vocabulary = 4096;
    private const int Tokens = 512;
    private const int Hidden = 16;

    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Labels_that_nobody_expects_get_no_gradient()
    {
        var (exact, exactHidden) = Run(0);
        var (filtered, hidden) = Run(1e-4);

        // Whole tiles of labels: probabilities of at most e^-20, no label of a token.
        Assert.True(exact.narrow(0, 2048, 1024).ne(Scalars.Zero).any().item<bool>());
        Assert.True(filtered.narrow(0, 2048, 1024).eq(Scalars.Zero).all().item<bool>());
        Close.To(exact, filtered, 1e-4, "head gradient");
        Close.To(exactHidden, hidden, 1e-4, "hidden gradient");
    }

    [Fact]
    public void A_threshold_below_every_entry_leaves_nothing_out()
    {
        var (exact, exactHidden) = Run(0);
        var (filtered, hidden) = Run(1e-30);
        Assert.True(Close.Same(exact, filtered));
        Assert.True(Close.Same(exactHidden, hidden));
    }

    [Fact]
    public void Tiles_with_labels_are_kept_whatever_the_threshold()
    {
        var (gradient, _) = Run(0.5);
        Assert.True(gradient.narrow(0, 0, 1024).ne(Scalars.Zero).any().item<bool>());
        Assert.True(gradient.narrow(0, 1024, 3072).eq(Scalars.Zero).all().item<bool>());
    }

    /// <summary>Hidden states of ones in the first feature; labels from 2048 on have logits lower by 20.</summary>
    private static (Tensor Head, Tensor Hidden) Run(double threshold)
    {
        manual_seed(9);
        var weight = randn(Vocabulary, Hidden).mul_(Scalars.Of(0.1));
        weight.narrow(0, 2048, 1024).narrow(1, 0, 1).sub_(Scalars.Of(20.0));
        var hidden = randn(Tokens, Hidden);
        hidden.narrow(1, 0, 1).fill_(Scalars.One);
        using var head = new ConformanceHead(new Parameter("head", weight) { Trains = true });
        var loss = new CutCrossEntropyLoss(new CceOptions { LowMemory = true, FilterThreshold = threshold });
        var result = loss.Compute(LossCalls.Input(head, LossFeatures.None, hidden, LossCalls.Labels(Tokens, 1000)));
        return (head.Weight.Gradient!.clone(), result.HiddenGradient!);
    }
}
