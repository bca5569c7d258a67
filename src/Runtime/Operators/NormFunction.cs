using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>RMSNorm and LayerNorm over the last dimension, with the residual's addition on the way: the kernel that fits the tensors, or else a composition of libtorch's calls.</summary>
/// <remarks>
/// <c>y = (x - mean) / sqrt(mean((x - mean)^2) + eps) * (w + offset) + b</c> (Ba et al. 2016), without the mean for RMSNorm (Zhang and Sennrich 2019).
/// Statistics in fp32 whatever the input. Stateless; for operators, inside a dispose scope and <c>no_grad</c>.
/// </remarks>
public static class NormFunction
{
    /// <summary>Norms <paramref name="x"/>, or its sum with a residual.</summary>
    /// <param name="x">Rows <c>[..., H]</c>.</param>
    /// <param name="residual">Added before, in shape and dtype of <paramref name="x"/>; null for none.</param>
    /// <param name="weights">Weights <c>[H]</c>.</param>
    /// <param name="settings">What to compute.</param>
    public static NormResult Forward(Tensor x, Tensor? residual, NormWeights weights, NormSettings settings)
    {
        if (residual is not null && (residual.dtype != x.dtype || !residual.shape.SequenceEqual(x.shape)))
        {
            throw new ArgumentException($"A norm's input {x.dtype} [{string.Join(", ", x.shape)}] and residual {residual.dtype} [{string.Join(", ", residual.shape)}] differ in shape or dtype.");
        }

        if (NormKernels.Handles(weights, x, residual))
        {
            return NormKernels.Forward(x, residual, weights, settings);
        }

        if (NormLoops.Handles(x, residual, weights.Scale, weights.Bias))
        {
            return NormLoops.Forward(x, residual, weights, settings);
        }

        var sum = residual is null ? null : x.add(residual, Scalars.One);
        var (centered, mean) = Centered(sum ?? x, settings);
        var inverse = centered.mul(centered).mean([-1L], keepdim: true).add_(Scalars.Of(settings.Epsilon), Scalars.One).rsqrt_();
        return new NormResult(Scaled(centered, inverse, weights, settings).to(x.dtype), inverse, mean, sum);
    }

    /// <summary>The output again, from what was normed and its statistics.</summary>
    public static Tensor Again(Tensor x, Tensor inverse, Tensor? mean, NormWeights weights, NormSettings settings)
        => NormKernels.Handles(weights, x)
            ? NormKernels.Again(x, inverse, mean, weights, settings)
            : Scaled(Centered(x, settings).Rows, Column(inverse, x), weights, settings).to(x.dtype);

    /// <summary>The gradients.</summary>
    public static NormGradients Backward(NormBackward of, NormWeights weights, NormSettings settings)
    {
        if (NormKernels.Handles(weights, of.Input, of.Added, of.Into))
        {
            return NormKernels.Backward(of with { Gradient = of.Gradient.contiguous() }, weights, settings);
        }

        return NormLoops.Handles(of.Gradient, of.Input, of.Added, of.Into, weights.Scale, weights.Bias)
            ? NormLoops.Backward(of, weights, settings)
            : Compose(of, weights, settings);
    }

    private static NormGradients Compose(NormBackward of, NormWeights weights, NormSettings settings)
    {
        var (x, inverse, features) = (of.Input, Column(of.Inverse, of.Input), weights.Scale.size(0));
        var normed = Centered(x, settings).Rows.mul(inverse);
        var wide = of.Gradient.to(ScalarType.Float32);
        var dw = of.NeedsWeight ? wide.mul(normed).reshape(-1, features).sum(0L).to(weights.Scale.dtype) : null;
        var db = of.NeedsBias ? wide.reshape(-1, features).sum(0L).to(weights.Scale.dtype) : null;
        var g = wide.mul(Factor(weights.Scale, settings));
        var dx = g.sub(normed.mul(g.mul(normed).mean([-1L], keepdim: true)));
        if (settings.Centered)
        {
            dx.sub_(g.mean([-1L], keepdim: true));
        }

        dx.mul_(inverse);
        if (of.Added is { } added)
        {
            dx.add_(added, Scalars.One);
        }

        return new NormGradients(of.Into?.copy_(dx) ?? dx.to(x.dtype), dw, db);
    }

    private static (Tensor Rows, Tensor? Mean) Centered(Tensor x, NormSettings settings)
    {
        var wide = x.to(ScalarType.Float32);
        if (!settings.Centered)
        {
            return (wide, null);
        }

        var mean = wide.mean([-1L], keepdim: true);
        return (wide.sub(mean), mean);
    }

    private static Tensor Column(Tensor statistic, Tensor x) => statistic.view([.. x.shape[..^1], 1]);

    private static Tensor Scaled(Tensor centered, Tensor inverse, NormWeights weights, NormSettings settings)
    {
        var y = centered.mul(inverse).mul_(Factor(weights.Scale, settings));
        return weights.Bias is null ? y : y.add_(weights.Bias, Scalars.One);
    }

    private static Tensor Factor(Tensor w, NormSettings settings)
        => settings.Offset == 0 ? w.to(ScalarType.Float32) : w.to(ScalarType.Float32).add(Scalars.Of(settings.Offset), Scalars.One);
}
