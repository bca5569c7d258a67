using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// L layers, T tokens, E experts, k experts a token

/// <summary>The load balancing loss over all layers together: <c>E * sum over e of f_e * p_e</c> (Fedus et al. 2021), an fp32 scalar.</summary>
/// <remarks>
/// Inputs are the router logits <c>[T, E]</c> of each layer. <c>f_e</c> is the share of (layer, token) pairs that choose expert e, so that they add
/// up to k; <c>p_e</c> is its mean softmax probability; both over the tokens that count. <c>f_e</c> has no gradient. Saves its inputs and f.
/// </remarks>
/// <param name="topK">Experts per token.</param>
/// <param name="tokens">How many tokens count.</param>
/// <param name="counted_T">One for a token that counts, zero for padding, fp32 <c>[T]</c>; null when all count. Borrowed until backward has run.</param>
public sealed class RouterBalance(int topK, int tokens, Tensor? counted_T = null) : Operator
{
    /// <inheritdoc/>
    public override string Name => "router_balance";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var experts = context.Input(0).size(1);
        var f_E = zeros(experts, dtype: ScalarType.Float32, device: context.Input(0).device);
        var p_E = zeros_like(f_E);
        for (var i = 0; i < context.InputCount; i++)
        {
            var p_TE = context.Input(i).to(ScalarType.Float32).softmax(-1);
            var chosen_TE = zeros_like(p_TE).scatter_(-1, p_TE.topk(topK, -1).indexes, ones_like(p_TE));
            f_E.add_(Sum(chosen_TE), Scalars.One);
            p_E.add_(Sum(p_TE), Scalars.One);
            context.SaveInput(i);
        }

        var pairs = Scalars.Of((double)context.InputCount * tokens);
        context.Emit(f_E.div_(pairs).dot(p_E.div_(pairs)).mul_(Scalars.Of((double)experts)));
        context.Save(f_E);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var f_E = context.Extra(0);
        var dp_E = f_E.mul(context.Gradient).mul_(Scalars.Of((double)f_E.size(0) / ((double)context.InputCount * tokens)));
        for (var i = 0; i < context.InputCount; i++)
        {
            var p_TE = context.Input(i).to(ScalarType.Float32).softmax(-1);
            var dLogits_TE = dp_E.sub(p_TE.mv(dp_E).unsqueeze(-1)).mul(p_TE);
            context.Give(i, (counted_T is null ? dLogits_TE : dLogits_TE.mul_(counted_T.unsqueeze(-1))).to(context.Input(i).dtype));
        }
    }

    private Tensor Sum(Tensor x_TE) => counted_T is null ? x_TE.sum(0L) : x_TE.t().mv(counted_T);
}
