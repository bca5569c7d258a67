using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Reorders the leading features of the last dimension from pairs of neighbours to two halves: <c>a0 b0 a1 b1</c> becomes <c>a0 a1 b0 b1</c>.</summary>
/// <remarks>Rotary embeddings written for neighbours become those of <see cref="Rotary"/>. The features after <paramref name="size"/> stay.</remarks>
/// <param name="size">How many leading features are reordered; even.</param>
public sealed class PairsToHalves(int size) : Operator
{
    /// <inheritdoc/>
    public override string Name => "pairs_to_halves";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context) => context.Emit(Reordered(context.Input(0), size / 2, 2));

    /// <inheritdoc/>
    public override void Backward(BackwardContext context) => context.Give(0, Reordered(context.Gradient, 2, size / 2));

    private Tensor Reordered(Tensor x, long rows, long columns)
    {
        var y = empty_like(x);
        long[] outer = x.shape[..^1];
        y.narrow(-1, 0, size).copy_(x.narrow(-1, 0, size).reshape([.. outer, rows, columns]).transpose(-1, -2).reshape([.. outer, size]));
        y.narrow(-1, size, x.size(-1) - size).copy_(x.narrow(-1, size, x.size(-1) - size));
        return y;
    }
}
