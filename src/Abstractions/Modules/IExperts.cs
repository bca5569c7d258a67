using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Parameters;

namespace Neoteny.Modules;

/// <summary>A set of expert MLPs with stacked weights: <c>y[t] = sum over j of weight[t, j] * expert(indices[t, j], x[t])</c>.</summary>
/// <remarks>
/// T tokens, H hidden, I intermediate, E experts, k experts a token, R rank. An override takes this site: it reads the stacked parameters (and
/// their formats), the deltas and the activation, and gets input, choice and weights in <see cref="Forward"/>. It must add gradients of
/// every parameter that trains and give those of <c>x</c> and of the routing's weights. The expert of a token is
/// <c>down(unit(gate(x), up(x)))</c> with the two halves of <see cref="GateUp"/> and the unit that <see cref="Activation"/> describes.
/// </remarks>
public interface IExperts : IBlock
{
    /// <summary>Gate and up projections, <c>[E, 2 * I, H]</c>, gate rows first, whatever the checkpoint's layout.</summary>
    Parameter GateUp { get; }

    /// <summary>Biases of gate and up, <c>[E, 2 * I]</c>, or null.</summary>
    Parameter? GateUpBias => null;

    /// <summary>Down projections, <c>[E, H, I]</c>.</summary>
    Parameter Down { get; }

    /// <summary>Biases of down, <c>[E, H]</c>, or null.</summary>
    Parameter? DownBias => null;

    /// <summary>What the gated unit computes.</summary>
    ExpertActivation Activation { get; }

    /// <summary>Whether adapters' files have the rows of gate and up in turns, as the checkpoint has; the model never does.</summary>
    bool TakesTurns => false;

    /// <summary>What adapters attached: each names the stacked parameter it adds to in <see cref="LowRankDelta.Target"/>.</summary>
    IReadOnlyList<LowRankDelta> Deltas { get; }

    /// <summary>Sends each token through its experts and adds the weighted results: <c>[T, H]</c> to <c>[T, H]</c>.</summary>
    Value Forward(Tape tape, Value x_TH, Routing routing);
}

/// <summary>The gated unit of an expert: <c>act(min(gate, limit)) * (clamp(up, -limit, limit) + offset)</c>.</summary>
public sealed record ExpertActivation
{
    /// <summary>The activation's name as checkpoints spell it, such as <c>silu</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Factor inside the sigmoid of <c>silu</c>: <c>gate * sigmoid(alpha * gate)</c>.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>Where gate (from above) and up (from both sides) are clamped; null for nowhere.</summary>
    public double? Limit { get; init; }

    /// <summary>Added to up.</summary>
    public double UpOffset { get; init; }

    /// <summary>Whether the unit is <c>act(gate) * up</c> and no more.</summary>
    public bool IsPlain => Alpha == 1 && Limit is null && UpOffset == 0;
}
