using Neoteny.Autograd;
using Neoteny.Modules;

namespace Neoteny.Runtime.Operators;

/// <summary>Rotary position embedding of queries and keys in the half-split layout (Su et al. 2021; feature i turns with feature i + D/2).</summary>
/// <remarks>Inputs and outputs are <c>[T, heads, D]</c>; the leading <c>2 * columns(cos)</c> features of a head turn, the rest pass. Nothing is saved.</remarks>
public sealed class Rotary(RotaryAngles angles) : Operator
{
    /// <inheritdoc/>
    public override string Name => "rotary";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (first, second) = RotaryFunction.Turn(context.Input(0), context.InputCount == 2 ? context.Input(1) : null, angles, backward: false, inPlace: false);
        context.Emit(first);
        if (second is not null)
        {
            context.Emit(second);
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        int[] wanted = [.. Enumerable.Range(0, context.InputCount).Where(i => context.OutputGradient(i) is not null && context.NeedsGradient(i))];
        if (wanted.Length == 0)
        {
            return;
        }

        var (first, second) = RotaryFunction.Turn(
            context.OutputGradient(wanted[0])!, wanted.Length == 2 ? context.OutputGradient(wanted[1]) : null, angles, backward: true, inPlace: false);
        context.Give(wanted[0], first);
        if (second is not null)
        {
            context.Give(wanted[1], second);
        }
    }
}
