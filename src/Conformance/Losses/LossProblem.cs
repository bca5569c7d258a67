using Neoteny.Adapters;
using Neoteny.Losses;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>A case with random tensors. Tensors belong to the dispose scope around; parameters to this.</summary>
internal sealed class LossProblem : IDisposable
{
    private LossProblem(LossCase @case, ConformanceHead head, LossInput input) => (Case, Head, Input) = (@case, head, input);

    public LossCase Case { get; }

    public ConformanceHead Head { get; }

    public LossInput Input { get; }

    public static LossProblem Make(LossCase @case, ConformanceSettings settings, ScalarType dtype, bool needsGradient = true)
    {
        using var draw = settings.Draw();
        Parameter Parameter(string name, bool trains, params long[] shape) => new(name, draw.Scaled(0.5, dtype, shape)) { Trains = trains };
        bool Has(LossFeatures feature) => @case.Demands.HasFlag(feature);
        var head = new ConformanceHead(Parameter("lm_head.weight", @case.HeadTrains, @case.Vocabulary, @case.Hidden))
        {
            Bias = Has(LossFeatures.Bias) ? Parameter("lm_head.bias", @case.HeadTrains, @case.Vocabulary) : null,
            Deltas = Has(LossFeatures.AdaptedHead)
                ? [new LowRankDelta { A = Parameter("lm_head.lora_A.weight", true, 2, @case.Hidden), B = Parameter("lm_head.lora_B.weight", true, @case.Vocabulary, 2), Scale = 0.7 }]
                : [],
            Softcap = Has(LossFeatures.Softcap) ? @case.Softcap : 0,
        };
        var input = new LossInput
        {
            Hidden = @case.Strided
                ? draw.Scaled(@case.Spread, dtype, @case.Tokens, @case.Hidden + 5).narrow(1, 3, @case.Hidden)
                : draw.Scaled(@case.Spread, dtype, @case.Tokens, @case.Hidden),
            Head = head,
            Labels = tensor(Labels(@case)).to(settings.Device),
            Demands = @case.Demands,
            Scale = @case.Scale,
            NeedsGradient = needsGradient,
            LabelSmoothing = Has(LossFeatures.LabelSmoothing) ? 0.1 : 0,
            ZLoss = Has(LossFeatures.ZLoss) ? 0.01 : 0,
            TokenWeights = Has(LossFeatures.TokenWeights)
                ? tensor(Enumerable.Range(0, @case.Tokens).Select(t => 0.25f + (0.3f * (t % 7))).ToArray()).to(settings.Device)
                : null,
        };
        return new LossProblem(@case, head, input);
    }

    /// <summary>The gradients that the loss left in the head's parameters.</summary>
    public IEnumerable<(string Name, Tensor? Gradient, bool Trains)> HeadGradients()
        => Head.Parameters.Select(p => ($"gradient of {p.Path}", p.Gradient, p.Trains));

    public void DropGradients()
    {
        foreach (var parameter in Head.Parameters)
        {
            parameter.SetGradient(null);
        }
    }

    /// <summary>The call as a workload for checks of conduct.</summary>
    public Workload Workload(ILoss loss)
    {
        var weights = Head.Parameters.Select(p => (p.Path, Weights.Own(p))).ToList();
        return new Workload(
            [("hidden states", Input.Hidden), ("labels", Input.Labels), .. Input.TokenWeights is { } w ? [("token weights", w)] : Array.Empty<(string, Tensor)>(), .. weights],
            () =>
            {
                var result = loss.Compute(Input);
                List<(string, Tensor)> results =
                [
                    ("loss", result.Loss),
                    .. result.HiddenGradient is { } h ? [("hidden gradient", h)] : Array.Empty<(string, Tensor)>(),
                    .. result.PerToken is { } p ? [("loss of each token", p)] : Array.Empty<(string, Tensor)>(),
                    .. HeadGradients().Where(g => g.Gradient is not null).Select(g => (g.Name, g.Gradient!.clone())),
                ];
                DropGradients();
                return results;
            });
    }

    public void Dispose() => Head.Dispose();

    private static long[] Labels(LossCase @case)
        => [.. Enumerable.Range(0, @case.Tokens).Select(t => @case.Ignored switch
        {
            IgnoredLabels.All => -100L,
            IgnoredLabels.Some when t % 3 == 2 => -100L,
            _ => t == 0 ? @case.Vocabulary - 1 : t * 7919L % @case.Vocabulary,
        })];
}
