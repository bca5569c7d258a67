using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Root-mean-square norm over the last dimension: <c>y = x / sqrt(mean(x^2) + eps) * (w + offset)</c> (Zhang and Sennrich 2019).</summary>
/// <remarks>Statistics in fp32 whatever the input. Saves x and one number a row.</remarks>
public sealed class RmsNorm(Parameter weight, double epsilon, double offset = 0) : Operator
{
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

        var (y, inverse) = Run(x, w.Tensor);
        context.Emit(y);
        context.SaveInput(0);
        context.Save(inverse);
        if (x.device_type == TorchSharp.DeviceType.CUDA)
        {
            // Reading x again costs less than keeping y for the projections' gradients.
            context.RecomputeOutput(0);
        }
    }

    /// <inheritdoc/>
    public override Tensor Recompute(BackwardContext context, int output)
    {
        var (x, inverse) = (context.Input(0), context.Extra(0));
        using var w = weight.Rent();
        return RmsNormKernels.Handles(x, w.Tensor)
            ? RmsNormKernels.Again(x, w.Tensor, inverse, offset)
            : Scaled(x.to(ScalarType.Float32), inverse.view([.. x.shape[..^1], 1]), w.Tensor).to(x.dtype);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (x, inverse) = (context.Input(0), context.Extra(0));
        using var w = weight.Rent();
        if (RmsNormKernels.Handles(x, w.Tensor))
        {
            var added = context.Gathered(0) is { } gathered && gathered.is_contiguous() && RmsNormKernels.Handles(gathered, w.Tensor) ? gathered : null;
            var gradients = RmsNormKernels.Backward(context.Gradient.contiguous(), x, inverse, w.Tensor, offset, added, weight.Trains);
            Train(gradients.Weight);
            if (added is null)
            {
                context.Give(0, gradients.Input);
            }
            else
            {
                context.GiveTotal(0, gradients.Input);
            }

            return;
        }

        var dy = context.Gradient;
        var (dx, dw) = Cpu.RmsNormLoops.Handles(x, w.Tensor, dy)
            ? Cpu.RmsNormLoops.Backward(dy, x, inverse, w.Tensor, offset, weight.Trains)
            : ComposeBackward(dy, x, inverse.view([.. x.shape[..^1], 1]), w.Tensor);
        Train(dw);
        context.Give(0, dx);
    }

    private void Train(Tensor? gradient)
    {
        if (weight.Trains)
        {
            weight.GiveGradient(gradient!);
        }
    }

    private (Tensor Output, Tensor Inverse) Run(Tensor x, Tensor w)
    {
        if (RmsNormKernels.Handles(x, w))
        {
            return RmsNormKernels.Forward(x, w, epsilon, offset);
        }

        return Cpu.RmsNormLoops.Handles(x, w) ? Cpu.RmsNormLoops.Forward(x, w, epsilon, offset) : Compose(x, w);
    }

    private (Tensor Output, Tensor Inverse) Compose(Tensor x, Tensor w)
    {
        var wide = x.to(ScalarType.Float32);
        var inverse = wide.mul(wide).mean([-1L], keepdim: true).add_(Scalars.Of(epsilon), Scalars.One).rsqrt_();
        return (Scaled(wide, inverse, w).to(x.dtype), inverse);
    }

    private Tensor Scaled(Tensor wide, Tensor inverse, Tensor w) => wide.mul(inverse).mul_(Factor(w));

    private (Tensor Input, Tensor? Weight) ComposeBackward(Tensor dy, Tensor x, Tensor inverse, Tensor w)
    {
        var normed = x.to(ScalarType.Float32).mul(inverse);
        var wide = dy.to(ScalarType.Float32);
        var dw = weight.Trains ? wide.mul(normed).reshape(-1, w.size(0)).sum(0L).to(w.dtype) : null;
        var g = wide.mul(Factor(w));
        var dx = g.sub(normed.mul(g.mul(normed).mean([-1L], keepdim: true))).mul_(inverse).to(x.dtype);
        return (dx, dw);
    }

    private Tensor Factor(Tensor w) => offset == 0 ? w.to(ScalarType.Float32) : w.to(ScalarType.Float32).add(Scalars.Of(offset), Scalars.One);
}
