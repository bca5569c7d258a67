using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

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
        if (context.InputCount == 2 && Pairs(context.Input(0), context.Input(1)))
        {
            Check(context.Input(0));
            Check(context.Input(1));
            var (query, key) = RotaryKernels.Turn(context.Input(0), context.Input(1), angles.Cosines, angles.Sines, backward: false);
            context.Emit(query);
            context.Emit(key!);
            return;
        }

        for (var i = 0; i < context.InputCount; i++)
        {
            Check(context.Input(i));
            context.Emit(Turn(context.Input(i), angles.Cosines, angles.Sines, backward: false));
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (context.InputCount == 2 && context.OutputGradient(0) is { } first && context.OutputGradient(1) is { } second && Pairs(first, second))
        {
            var (query, key) = RotaryKernels.Turn(first, second, angles.Cosines, angles.Sines, backward: true);
            context.Give(0, query);
            context.Give(1, key!);
            return;
        }

        for (var i = 0; i < context.InputCount; i++)
        {
            if (context.OutputGradient(i) is { } gradient && context.NeedsGradient(i))
            {
                context.Give(i, Turn(gradient, angles.Cosines, angles.Sines, backward: true));
            }
        }
    }

    private bool Pairs(Tensor query, Tensor key)
        => query.dtype == key.dtype && query.dim() == 3 && key.dim() == 3 && query.size(2) == key.size(2)
            && RotaryKernels.Handles(query, angles.Cosines) && RotaryKernels.Handles(key, angles.Cosines);

    private void Check(Tensor x_THD)
    {
        var cos_TF = angles.Cosines;
        if (x_THD.dim() != 3 || x_THD.size(0) != cos_TF.size(0) || x_THD.size(2) < 2 * cos_TF.size(1))
        {
            throw new ArgumentException($"rotary: an input has shape [{string.Join(", ", x_THD.shape)}] where the angles [{string.Join(", ", cos_TF.shape)}] "
                + $"need [{cos_TF.size(0)}, heads, at least {2 * cos_TF.size(1)}].");
        }
    }

    private static Tensor Turn(Tensor x_THD, Tensor cos_TF, Tensor sin_TF, bool backward)
    {
        if (Cpu.RotaryLoops.Handles(x_THD, cos_TF, sin_TF))
        {
            return Cpu.RotaryLoops.Turn(x_THD, cos_TF, sin_TF, backward);
        }

        if (RotaryKernels.Handles(x_THD, cos_TF))
        {
            return RotaryKernels.Turn(x_THD, null, cos_TF, sin_TF, backward).Query;
        }

        var half = cos_TF.size(1);
        var (cos, sin) = (cos_TF.unsqueeze(1), backward ? sin_TF.unsqueeze(1).neg() : sin_TF.unsqueeze(1));
        var (a, b) = (x_THD.narrow(-1, 0, half).to(ScalarType.Float32), x_THD.narrow(-1, half, half).to(ScalarType.Float32));
        var turned = cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin), Scalars.One)], -1).to(x_THD.dtype);
        return x_THD.size(-1) == 2 * half ? turned : cat([turned, x_THD.narrow(-1, 2 * half, x_THD.size(-1) - (2 * half))], -1);
    }
}
