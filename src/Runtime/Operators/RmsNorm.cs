using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Root-mean-square norm over the last dimension: <c>y = x / sqrt(mean(x^2) + eps) * (w + offset)</c> (Zhang and Sennrich 2019).</summary>
/// <remarks>Statistics in fp32 whatever the input. Saves x and one number a row.</remarks>
public sealed class RmsNorm(Parameter weight, double epsilon, double offset = 0) : Operator
{
    private readonly NormSettings settings = new(epsilon, offset, Centered: false);

    /// <inheritdoc/>
    public override string Name => "rms_norm";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; } = [weight];

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var x = context.Input(0);
        using var w = weight.Rent();
        if (x.size(-1) != w.Tensor.size(0))
        {
            throw new ArgumentException($"rms_norm: {weight.Path} has {w.Tensor.size(0)} features, its input [{string.Join(", ", x.shape)}] has {x.size(-1)}.");
        }

        var result = NormFunction.Forward(x, null, new NormWeights(w.Tensor, null), settings);
        context.Emit(result.Output);
        context.SaveInput(0);
        context.Save(result.Inverse);
        if (x.device_type == TorchSharp.DeviceType.CUDA)
        {
            // Reading x again costs less than keeping y for the projections' gradients.
            context.RecomputeOutput(0);
        }
    }

    /// <inheritdoc/>
    public override Tensor Recompute(BackwardContext context, int output)
    {
        using var w = weight.Rent();
        return NormFunction.Again(context.Input(0), context.Extra(0), null, new NormWeights(w.Tensor, null), settings);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var x = context.Input(0);
        using var w = weight.Rent();

        // On the device what the residual's path gave is added on the way.
        var added = x.device_type == TorchSharp.DeviceType.CUDA && context.Gathered(0) is { } gathered && gathered.dtype == x.dtype && gathered.is_contiguous() ? gathered : null;
        var gradients = NormFunction.Backward(
            new NormBackward(context.Gradient, x, context.Extra(0), null) { Added = added, NeedsWeight = weight.Trains }, new NormWeights(w.Tensor, null), settings);
        if (gradients.Weight is { } dw)
        {
            weight.GiveGradient(dw);
        }

        if (added is null)
        {
            context.Give(0, gradients.Input);
        }
        else
        {
            context.GiveTotal(0, gradients.Input);
        }
    }
}
