using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Losses;

// T tokens, H hidden, V vocabulary

/// <summary>Output head and loss on the CPU, forward and backward, in fp32.</summary>
internal sealed class HeadLossCase : IDisposable
{
    private readonly long tokens;
    private readonly Parameter weight;
    private readonly Tensor hidden_TH;
    private readonly Tensor labels_T;
    private readonly Tensor leaf_TH;
    private readonly Tensor leaf_VH;

    /// <summary>Random inputs; the weight is used by both sides.</summary>
    public HeadLossCase(bool trains, long tokens = 1024, long hidden = 512, long vocabulary = 32_000)
    {
        this.tokens = tokens;
        manual_seed(1);
        using var scope = NewDisposeScope();
        weight = new Parameter("lm_head.weight", randn(vocabulary, hidden).mul_(Scalars.Of(0.05))) { Trains = trains };
        hidden_TH = randn(tokens, hidden).DetachFromDisposeScope();
        labels_T = randint(0, vocabulary, [tokens], dtype: ScalarType.Int64).DetachFromDisposeScope();
        leaf_TH = hidden_TH.detach().requires_grad_(true).DetachFromDisposeScope();
        using var lease = weight.Rent();
        leaf_VH = lease.Tensor.detach().requires_grad_(trains).DetachFromDisposeScope();
    }

    /// <summary>Bytes of the head's gradient, where it is wanted.</summary>
    public long GradientBytes => weight.Trains ? sizeof(float) * weight.Count : 0;

    /// <summary>The ways to compute it, by name.</summary>
    public static IReadOnlyDictionary<string, Func<HeadLossCase, (double Loss, Tensor Hidden)>> Ways { get; } = new Dictionary<string, Func<HeadLossCase, (double Loss, Tensor Hidden)>>
    {
        ["TorchSharp: logits, log_softmax, nll_loss, autograd"] = static c => c.Plain(),
        ["cross_entropy"] = static c => c.Compute(new CrossEntropyLoss()),
        ["cut_cross_entropy"] = static c => c.Compute(new CutCrossEntropyLoss(new CceOptions())),
        ["cut_cross_entropy, cce_low_memory"] = static c => c.Compute(new CutCrossEntropyLoss(new CceOptions { LowMemory = true })),
    };

    public void Dispose()
    {
        weight.Dispose();
        foreach (var tensor in new[] { hidden_TH, labels_T, leaf_TH, leaf_VH })
        {
            tensor.Dispose();
        }
    }

    private (double Loss, Tensor Hidden) Plain()
    {
        using var scope = NewDisposeScope();
        leaf_TH.grad = null;
        leaf_VH.grad = null;
        using var guard = enable_grad();
        var loss = nn.functional.nll_loss(nn.functional.log_softmax(nn.functional.linear(leaf_TH, leaf_VH), 1), labels_T);
        loss.backward();
        return (loss.item<float>(), leaf_TH.grad!.detach().MoveToOuterDisposeScope());
    }

    private (double Loss, Tensor Hidden) Compute(ILoss loss)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        weight.SetGradient(null);
        var result = loss.Compute(new LossInput
        {
            Hidden = hidden_TH,
            Head = new Gpu.Head(weight),
            Labels = labels_T,
            Demands = LossFeatures.None,
            Scale = 1.0 / tokens,
            NeedsGradient = true,
        });
        return (result.Loss.item<float>(), result.HiddenGradient!.MoveToOuterDisposeScope());
    }
}
