using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Another shape of the same elements; a view where the layout allows.</summary>
public sealed class View(params long[] shape) : Operator
{
    /// <inheritdoc/>
    public override string Name => "view";

    /// <inheritdoc/>
    public override int SharesStorage(int output) => 0;

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        context.State = context.Input(0).shape;
        context.Emit(context.Input(0).reshape(shape).alias());
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context) => context.Pass(0, 0, context.Gradient.reshape((long[])context.State!).alias());
}

/// <summary>Consecutive parts of the last dimension, as views.</summary>
public sealed class Split(params long[] sizes) : Operator
{
    /// <inheritdoc/>
    public override string Name => "split";

    /// <inheritdoc/>
    public override int SharesStorage(int output) => 0;

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var x = context.Input(0);
        if (x.size(-1) != sizes.Sum())
        {
            throw new ArgumentException($"split: the parts [{string.Join(", ", sizes)}] do not add up to the last dimension of [{string.Join(", ", x.shape)}].");
        }

        context.State = x.shape;
        long at = 0;
        foreach (var size in sizes)
        {
            context.Emit(x.narrow(-1, at, size));
            at += size;
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var first = Enumerable.Range(0, sizes.Length).Select(context.OutputGradient).First(g => g is not null)!;
        var whole = zeros((long[])context.State!, dtype: first.dtype, device: first.device);
        long at = 0;
        for (var i = 0; i < sizes.Length; at += sizes[i], i++)
        {
            if (context.OutputGradient(i) is { } part)
            {
                whole.narrow(-1, at, sizes[i]).copy_(part);
            }
        }

        context.Give(0, whole);
    }
}

/// <summary>The sum of two tensors of one shape and dtype.</summary>
public sealed class Add : Operator
{
    /// <summary>The only instance.</summary>
    public static Add Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "add";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (left, right) = (context.Input(0), context.Input(1));
        if (left.dtype != right.dtype || !left.shape.SequenceEqual(right.shape))
        {
            throw new ArgumentException($"add: {left.dtype} [{string.Join(", ", left.shape)}] and {right.dtype} [{string.Join(", ", right.shape)}] differ in shape or dtype.");
        }

        context.Emit(left.add(right, Scalars.One));
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        context.Pass(0);
        context.Pass(1);
    }
}

/// <summary>The same numbers in another dtype.</summary>
public sealed class Cast(ScalarType dtype) : Operator
{
    /// <inheritdoc/>
    public override string Name => "cast";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        context.State = context.Input(0).dtype;
        context.Emit(context.Input(0).to(dtype, copy: true));
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context) => context.Give(0, context.Gradient.to((ScalarType)context.State!, copy: true));
}
