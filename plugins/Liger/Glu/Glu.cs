using Neoteny.Autograd;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

// T tokens, I intermediate

/// <summary><c>act(gate) * up</c> of two inputs <c>[T, I]</c>, or of the halves of one <c>[T, 2 * I]</c>.</summary>
/// <remarks>Saves its inputs and nothing else; where nobody else needs these any more, backward writes the gradients over them.</remarks>
internal sealed class Glu(string activation) : Operator
{
    private readonly string activation = GateFunction.Check(activation);

    public override string Name => LigerGluActivation.ExtensionName;

    public override void Forward(ForwardContext context)
    {
        var (gate, up) = Halves(context.Input, context.InputCount);
        if (!gate.shape.SequenceEqual(up.shape))
        {
            throw new ArgumentException($"{Name}: gate [{string.Join(", ", gate.shape)}] and up [{string.Join(", ", up.shape)}] differ in shape.");
        }

        context.Emit(GateFunction.Forward(activation, gate, up));
        for (var i = 0; i < context.InputCount; i++)
        {
            context.SaveInput(i);
        }

        if (GateFunction.HasKernel(gate, up))
        {
            // The widest activation of a layer: made again for the gradient of the projection that reads it.
            context.RecomputeOutput(0);
        }
    }

    public override Tensor Recompute(BackwardContext context, int output)
    {
        var (gate, up) = Halves(context.Input, context.InputCount);
        return GateFunction.Forward(activation, gate, up);
    }

    public override void Backward(BackwardContext context)
    {
        var count = context.InputCount;
        var overwrites = Enumerable.Range(0, count).All(context.MayOverwriteInput);
        Tensor[] inputs = [.. Enumerable.Range(0, count).Select(context.Input)];
        Tensor[] gradients = overwrites ? inputs : [.. inputs.Select(static x => empty(x.shape, dtype: x.dtype, device: x.device))];
        var ((gate, up), (dGate, dUp)) = (Halves(i => inputs[i], count), Halves(i => gradients[i], count));
        GateFunction.Backward(activation, context.Gradient, gate, up, dGate, dUp);
        for (var i = 0; i < count; i++)
        {
            context.Give(i, overwrites ? gradients[i].alias() : gradients[i]);
        }
    }

    private static (Tensor Gate, Tensor Up) Halves(Func<int, Tensor> input, int count)
    {
        if (count == 2)
        {
            return (input(0), input(1));
        }

        var half = input(0).size(-1) / 2;
        return (input(0).narrow(-1, 0, half), input(0).narrow(-1, half, half));
    }
}
