using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

/// <summary>Turns queries and keys where they lie, and their gradients where these belong to nobody else. Saves nothing.</summary>
/// <param name="angles">Angles of the row.</param>
/// <param name="overwrites">Whether nobody needs queries and keys as they were; else new tensors are made.</param>
internal sealed class InPlaceRotary(RotaryAngles angles, bool overwrites) : Operator
{
    public override string Name => LigerRope.ExtensionName;

    public override IReadOnlyList<int> Mutates { get; } = overwrites ? [0, 1] : [];

    public override int SharesStorage(int output) => overwrites ? output : -1;

    public override void Forward(ForwardContext context)
    {
        var (query, key) = RotaryFunction.Turn(context.Input(0), context.Input(1), angles, backward: false, overwrites);
        context.Emit(overwrites ? query.alias() : query);
        context.Emit(overwrites ? key!.alias() : key!);
    }

    public override void Backward(BackwardContext context)
    {
        int[] wanted = [.. Enumerable.Range(0, 2).Where(i => context.OutputGradient(i) is not null && context.NeedsGradient(i))];
        if (wanted.Length == 0)
        {
            return;
        }

        var inPlace = wanted.All(context.MayOverwriteGradient);
        var second = wanted.Length == 2 ? context.OutputGradient(wanted[1]) : null;
        var turned = RotaryFunction.Turn(context.OutputGradient(wanted[0])!, second, angles, backward: true, inPlace);
        Give(turned.First, wanted[0]);
        if (second is not null)
        {
            Give(turned.Second!, wanted[1]);
        }

        void Give(Tensor gradient, int index) => context.Give(index, inPlace ? gradient.alias() : gradient);
    }
}
