using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Joins the features of heads: <c>[T, heads, D]</c> and <c>[T, heads or 1, R]</c> to <c>[T, heads, D + R]</c>; a single head on the right serves all.</summary>
public sealed class JoinFeatures : Operator
{
    /// <summary>The only instance.</summary>
    public static JoinFeatures Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "join_features";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (left, right) = (context.Input(0), context.Input(1));
        context.State = (left.size(2), right.size(1) == 1 && left.size(1) > 1);
        context.Emit(cat([left, right.expand(-1, left.size(1), -1)], -1));
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (dy, (size, isShared)) = (context.Gradient, ((long, bool))context.State!);
        context.Pass(0, 0, dy.narrow(-1, 0, size));
        var dRight = dy.narrow(-1, size, dy.size(-1) - size);
        if (isShared)
        {
            context.Give(1, dRight.sum(1, keepdim: true));
        }
        else
        {
            context.Pass(1, 0, dRight);
        }
    }
}
