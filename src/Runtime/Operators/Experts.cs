using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// T tokens, H hidden, I intermediate, E experts, k experts a token, N = T * k assignments, n assignments of one expert

/// <summary>The plain mixture of experts: gather the tokens of an expert, run its gated MLP, add the weighted results, one expert after another.</summary>
/// <remarks>
/// Inputs: x <c>[T, H]</c>, chosen experts int64 <c>[T, k]</c>, weights fp32 <c>[T, k]</c>; output <c>[T, H]</c>, summed in fp32. Saves its inputs, the
/// order of the assignments, and gate and up of each <c>[N, 2 * I]</c>. The gradient of a weight is the product of the expert's output
/// with the output's gradient, found as <c>h . (dy W)</c> so that the output need not be kept (Guo et al. 2025, SonicMoE).
/// </remarks>
public sealed class Experts : Operator
{
    private readonly IExperts site;
    private readonly ExpertMatrix gateUp;
    private readonly ExpertMatrix down;

    /// <summary>Creates the operator of one site with the deltas it carries now.</summary>
    /// <exception cref="InputException">The activation is not known.</exception>
    public Experts(IExperts site)
    {
        this.site = site;
        ActivationFunction.Check(site.Activation.Name);
        gateUp = new ExpertMatrix(site.GateUp, site.GateUpBias, [.. site.Deltas.Where(d => d.Target == DeltaTarget.GateUp)]);
        down = new ExpertMatrix(site.Down, site.DownBias, [.. site.Deltas.Where(d => d.Target == DeltaTarget.Down)]);
        Parameters = [.. gateUp.Parameters, .. down.Parameters];
    }

    /// <inheritdoc/>
    public override string Name => "experts";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        Check(context);
        var (x_TH, weights_N) = (context.Input(0), context.Input(2).reshape(-1, 1));
        var groups = ExpertGroups.Of(context.Input(1), (int)site.GateUp.Shape[0]);
        var gateUp_N2I = context.IsRecording ? empty(weights_N.size(0), site.GateUp.Shape[1], dtype: x_TH.dtype, device: x_TH.device) : null;
        var sum_TH = zeros(x_TH.shape, dtype: ScalarType.Float32, device: x_TH.device);
        using var wGateUp = site.GateUp.Rent(x_TH.dtype);
        using var wDown = site.Down.Rent(x_TH.dtype);
        foreach (var (expert, start, count) in groups.Occupied())
        {
            using var scope = NewDisposeScope();
            var (slots_n, tokens_n) = (groups.Slots_N.narrow(0, start, count), groups.Tokens_N.narrow(0, start, count));
            var gu_n2I = gateUp.Forward(wGateUp.Tensor, expert, x_TH.index_select(0, tokens_n));
            gateUp_N2I?.narrow(0, start, count).copy_(gu_n2I);
            var y_nH = down.Forward(wDown.Tensor, expert, ExpertUnit.Forward(site.Activation, gu_n2I));
            sum_TH.index_add_(0, tokens_n, y_nH.to(ScalarType.Float32).mul(weights_N.index_select(0, slots_n)), Scalars.One);
        }

        context.Emit(sum_TH.to(x_TH.dtype));
        context.State = groups.Counts.ToArray();
        for (var i = 0; i < 3; i++)
        {
            context.SaveInput(i);
        }

        if (gateUp_N2I is not null)
        {
            context.Save(groups.Slots_N);
            context.Save(groups.Tokens_N);
            context.Save(gateUp_N2I);
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (dy_TH, x_TH, weights_N) = (context.Gradient, context.Input(0), context.Input(2).reshape(-1, 1));
        var groups = ExpertGroups.From((int[])context.State!, context.Extra(0), context.Extra(1));
        var dx_TH = context.NeedsGradient(0) ? zeros(x_TH.shape, dtype: ScalarType.Float32, device: x_TH.device) : null;
        var dWeights_N = zeros_like(context.Input(2)).view(-1);
        using var wGateUp = site.GateUp.Rent(x_TH.dtype);
        using var wDown = site.Down.Rent(x_TH.dtype);
        foreach (var (expert, start, count) in groups.Occupied())
        {
            using var scope = NewDisposeScope();
            var (slots_n, tokens_n) = (groups.Slots_N.narrow(0, start, count), groups.Tokens_N.narrow(0, start, count));
            var (gu_n2I, weights_n) = (context.Extra(2).narrow(0, start, count), weights_N.index_select(0, slots_n));
            var dy_nH = dy_TH.index_select(0, tokens_n);
            var h_nI = ExpertUnit.Forward(site.Activation, gu_n2I);
            var dh_nI = down.InputGradient(wDown.Tensor, expert, dy_nH).to(ScalarType.Float32);
            var dWeights_n = dh_nI.mul(h_nI).sum(-1);
            if (down.BiasProduct(expert, dy_nH) is { } bias_n)
            {
                dWeights_n.add_(bias_n, Scalars.One);
            }

            dWeights_N.index_copy_(0, slots_n, dWeights_n);
            down.AddGradients(expert, dy_nH.to(ScalarType.Float32).mul(weights_n).to(x_TH.dtype), h_nI);
            var dgu_n2I = ExpertUnit.Backward(site.Activation, gu_n2I, dh_nI.mul_(weights_n));
            gateUp.AddGradients(expert, dgu_n2I, x_TH.index_select(0, tokens_n));
            dx_TH?.index_add_(0, tokens_n, gateUp.InputGradient(wGateUp.Tensor, expert, dgu_n2I).to(ScalarType.Float32), Scalars.One);
        }

        FillUnused();
        context.Give(2, dWeights_N.view(context.Input(2).shape));
        if (dx_TH is not null)
        {
            context.Give(0, dx_TH.to(x_TH.dtype));
        }
    }

    /// <summary>Where no expert had a token nothing was added; the gradient is zero, not missing.</summary>
    private void FillUnused()
    {
        foreach (var parameter in Parameters.Where(p => p is { Trains: true, Gradient: null }))
        {
            using var nothing = zeros([], dtype: parameter.DType, device: parameter.Device);
            parameter.AddGradient(static g => g, nothing);
        }
    }

    private void Check(ForwardContext context)
    {
        var (x, experts, weights) = (context.Input(0), context.Input(1), context.Input(2));
        if (x.dim() != 2 || x.size(1) != site.GateUp.Shape[2] || experts.dim() != 2 || experts.size(0) != x.size(0) || !experts.shape.SequenceEqual(weights.shape))
        {
            throw new ArgumentException($"experts: input [{string.Join(", ", x.shape)}], indices [{string.Join(", ", experts.shape)}] and weights [{string.Join(", ", weights.shape)}] "
                + $"do not fit together, or not {site.GateUp.Path} [{string.Join(", ", site.GateUp.Shape)}].");
        }
    }
}
