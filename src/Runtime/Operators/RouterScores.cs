using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// T tokens, E experts, k experts a token, G groups

/// <summary>Turns router logits <c>[T, E]</c> into weights fp32 <c>[T, k]</c> (output 0) and chosen experts int64 <c>[T, k]</c> (output 1).</summary>
/// <remarks>Computed in fp32. The choice has no gradient, the weights have. <c>correction</c> <c>[E]</c> is added to the scores for the choice alone.</remarks>
public sealed class RouterScores(RouterScoring scoring, Parameter? correction = null) : Operator
{
    private const double Tiny = 1e-20;

    /// <inheritdoc/>
    public override string Name => "router_scores";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; } = correction is null ? [] : [correction];

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var logits_TE = context.Input(0).to(ScalarType.Float32);
        var scores_TE = scoring.Score switch
        {
            RouterScore.Softmax => logits_TE.softmax(-1),
            RouterScore.Sigmoid => logits_TE.sigmoid(),
            _ => logits_TE,
        };
        var chosen_TK = ForChoice(scores_TE).topk(scoring.TopK, -1).indexes;
        var weights_TK = Weights(scores_TE.gather(-1, chosen_TK));
        context.Emit(scoring.Factor == 1 ? weights_TK : weights_TK.mul(Scalars.Of(scoring.Factor)));
        context.Emit(chosen_TK);
        context.SaveInput(0);
        context.SaveOutput(1);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (context.OutputGradient(0) is not { } dw_TK)
        {
            return;
        }

        var (logits_TE, chosen_TK) = (context.Input(0).to(ScalarType.Float32), context.Output(1));
        var dWeights_TK = scoring.Factor == 1 ? dw_TK : dw_TK.mul(Scalars.Of(scoring.Factor));
        var dLogits_TE = zeros_like(logits_TE);
        switch (scoring.Score)
        {
            case RouterScore.SoftmaxOfChosen:
                dLogits_TE.scatter_(-1, chosen_TK, SoftmaxBackward(logits_TE.gather(-1, chosen_TK).softmax(-1), dWeights_TK));
                break;
            case RouterScore.Softmax:
                var p_TE = logits_TE.softmax(-1);
                dLogits_TE.scatter_(-1, chosen_TK, NormalizeBackward(p_TE.gather(-1, chosen_TK), dWeights_TK));
                dLogits_TE = SoftmaxBackward(p_TE, dLogits_TE);
                break;
            default:
                var s_TK = logits_TE.gather(-1, chosen_TK).sigmoid_();
                var slope_TK = s_TK.neg().add_(Scalars.One, Scalars.One).mul_(s_TK);
                dLogits_TE.scatter_(-1, chosen_TK, slope_TK.mul_(NormalizeBackward(s_TK, dWeights_TK)));
                break;
        }

        context.Give(0, dLogits_TE.to(context.Input(0).dtype));
    }

    private Tensor ForChoice(Tensor scores_TE)
    {
        var corrected_TE = correction is null ? scores_TE : Corrected(scores_TE, correction);
        if (scoring.Groups == 1)
        {
            return corrected_TE;
        }

        // Minus infinity, not 0: a correction may make every score of the best groups negative.
        var grouped_TGe = corrected_TE.view(corrected_TE.size(0), scoring.Groups, -1);
        var best_TG = grouped_TGe.topk(2, -1).values.sum(-1);
        var kept_TG = zeros_like(best_TG).scatter_(-1, best_TG.topk(scoring.ChosenGroups, -1).indexes, ones_like(best_TG));
        return grouped_TGe.masked_fill(kept_TG.eq(Scalars.Zero).unsqueeze(-1), Scalars.Of(double.NegativeInfinity)).view(corrected_TE.shape);
    }

    private static Tensor Corrected(Tensor scores_TE, Parameter correction)
    {
        using var bias_E = correction.Rent(ScalarType.Float32);
        return scores_TE.add(bias_E.Tensor, Scalars.One);
    }

    private Tensor Weights(Tensor chosen_TK) => scoring.Score == RouterScore.SoftmaxOfChosen ? chosen_TK.softmax(-1)
        : scoring.Normalizes ? chosen_TK.div(Sum(chosen_TK)) : chosen_TK;

    /// <summary>The gradient of scores from that of their normalized values <c>w = s / sum</c>: <c>(dw - sum(dw * w)) / sum</c>.</summary>
    private Tensor NormalizeBackward(Tensor s_TK, Tensor dw_TK)
    {
        if (!scoring.Normalizes)
        {
            return dw_TK;
        }

        var sum_T1 = Sum(s_TK);
        return dw_TK.sub(dw_TK.mul(s_TK).sum(-1, keepdim: true).div_(sum_T1)).div_(sum_T1);
    }

    private static Tensor SoftmaxBackward(Tensor p, Tensor dp) => dp.sub(dp.mul(p).sum(-1, keepdim: true)).mul_(p);

    private static Tensor Sum(Tensor s_TK) => s_TK.sum(-1, keepdim: true).add_(Scalars.Of(Tiny), Scalars.One);
}
