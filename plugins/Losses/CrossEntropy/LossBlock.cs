using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Runtime;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CrossEntropy;

// C tokens of the block, H hidden, V vocabulary, R rank

/// <summary>One block of tokens: loss, and gradients of hidden states and head.</summary>
/// <remarks>
/// With logits z, label y, smoothing e and z-loss factor k: <c>loss = lse(z) - (1 - e) z_y - e mean(z) + k lse(z)^2</c> and
/// <c>dz = (1 + 2 k lse) softmax(z) - (1 - e) [y] - e / V</c>; a softcap multiplies dz by <c>1 - (z / cap)^2</c>.
/// </remarks>
internal sealed class LossBlock(LossInput input, Tensor hidden_CH, Tensor labels_C, Tensor? weights_C)
{
    private readonly IHead head = input.Head;

    /// <summary>Runs the block.</summary>
    /// <param name="perToken_C">Receives the unscaled loss of each token.</param>
    /// <param name="gradient_CH">Receives the gradient of the hidden states; null when not wanted.</param>
    /// <returns>The scaled sum, fp32 <c>[1]</c>.</returns>
    public Tensor Run(Tensor perToken_C, Tensor? gradient_CH)
    {
        var h_R = head.Deltas.Select(d => LowRank.Down(d, hidden_CH)).ToArray();
        var raw_CV = RawLogits(h_R);
        if (IsPlain && CrossEntropyKernel.Handles(raw_CV))
        {
            var (loss_C, scaled_C) = CrossEntropyKernel.Run(raw_CV, labels_C, weights_C, input.Scale, gradient_CH is not null);
            perToken_C.copy_(loss_C);
            if (gradient_CH is not null)
            {
                Propagate(raw_CV, h_R, gradient_CH);
            }

            return scaled_C.sum([0L], keepdim: true);
        }

        return RunWide(Widened(raw_CV), h_R, perToken_C, gradient_CH);
    }

    private bool IsPlain => head.Softcap == 0 && Smoothing == 0 && ZFactor == 0;

    private Tensor RunWide(Tensor z_CV, Tensor[] h_R, Tensor perToken_C, Tensor? gradient_CH)
    {
        var kept_C = labels_C.ne(Scalars.Of(-100L));
        var factor_C = kept_C.to(ScalarType.Float32).mul_(Scalars.Of(input.Scale));
        if (weights_C is not null)
        {
            factor_C.mul_(weights_C);
        }

        var (loss_C, dz_CV) = IsPlain && CrossEntropyLoops.Handles(z_CV)
            ? Loop(z_CV, factor_C, gradient_CH is not null)
            : Compose(z_CV, kept_C, factor_C, gradient_CH is not null);
        perToken_C.copy_(loss_C);
        if (gradient_CH is not null)
        {
            Propagate(dz_CV!.to(hidden_CH.dtype), h_R, gradient_CH);
        }

        return loss_C.mul_(factor_C).sum([0L], keepdim: true);
    }

    private double Smoothing => input.Demands.HasFlag(LossFeatures.LabelSmoothing) ? input.LabelSmoothing : 0;

    private double ZFactor => input.Demands.HasFlag(LossFeatures.ZLoss) ? input.ZLoss : 0;

    private Tensor RawLogits(Tensor[] h_R)
    {
        var z_CV = WeightProducts.Forward(head.Weight, head.Bias, hidden_CH);
        foreach (var (delta, h) in head.Deltas.Zip(h_R))
        {
            LowRank.Up(delta, h, z_CV);
        }

        return z_CV;
    }

    private Tensor Widened(Tensor raw_CV)
    {
        var z_CV = raw_CV.to(ScalarType.Float32);
        return head.Softcap == 0 ? z_CV : z_CV.div_(Scalars.Of(head.Softcap)).tanh_().mul_(Scalars.Of(head.Softcap));
    }

    private (Tensor Losses, Tensor? Gradient) Loop(Tensor z_CV, Tensor factor_C, bool differentiate)
    {
        var loss_C = empty(z_CV.size(0));
        CrossEntropyLoops.Run(z_CV, labels_C.contiguous(), factor_C, loss_C, differentiate);
        return (loss_C, differentiate ? z_CV : null);
    }

    private (Tensor Losses, Tensor? Gradient) Compose(Tensor z_CV, Tensor kept_C, Tensor factor_C, bool differentiate)
    {
        var index_C1 = labels_C.clamp_min(Scalars.Of(0L)).unsqueeze(1);
        var lse_C1 = z_CV.logsumexp(-1, keepdim: true);
        var loss_C = lse_C1.sub(z_CV.gather(1, index_C1).mul_(Scalars.Of(1 - Smoothing))).squeeze(1);
        if (Smoothing > 0)
        {
            loss_C.sub_(z_CV.mean([-1L]).mul_(Scalars.Of(Smoothing)));
        }

        if (ZFactor > 0)
        {
            loss_C.add_(lse_C1.mul(lse_C1).squeeze(1).mul_(Scalars.Of(ZFactor)), Scalars.One);
        }

        loss_C.masked_fill_(kept_C.logical_not(), Scalars.Zero);
        return (loss_C, differentiate ? Gradient(z_CV, lse_C1, index_C1, factor_C.unsqueeze(1)) : null);
    }

    private Tensor Gradient(Tensor z_CV, Tensor lse_C1, Tensor index_C1, Tensor factor_C1)
    {
        var cap = head.Softcap == 0 ? null : z_CV.div(Scalars.Of(head.Softcap)).pow_(Scalars.Of(2.0)).neg_().add_(Scalars.One, Scalars.One);
        var dz_CV = z_CV.sub_(lse_C1).exp_();
        if (ZFactor > 0)
        {
            dz_CV.mul_(lse_C1.mul(Scalars.Of(2 * ZFactor)).add_(Scalars.One, Scalars.One));
        }

        dz_CV.mul_(factor_C1);
        dz_CV.scatter_add_(1, index_C1, factor_C1.mul(Scalars.Of(Smoothing - 1)));
        if (Smoothing > 0)
        {
            dz_CV.sub_(factor_C1.mul(Scalars.Of(Smoothing / z_CV.size(1))));
        }

        return cap is null ? dz_CV : dz_CV.mul_(cap);
    }

    private void Propagate(Tensor dz_CV, Tensor[] h_R, Tensor gradient_CH)
    {
        var dh_CH = WeightProducts.InputGradient(head.Weight, dz_CV);
        foreach (var (delta, h) in head.Deltas.Zip(h_R))
        {
            LowRank.Backward(delta, dz_CV, hidden_CH, h, null, dh_CH);
        }

        gradient_CH.copy_(dh_CH);
        if (head.Weight.Trains)
        {
            // A head sums over thousands of tokens block by block: in 16 bits each block would round the sum of those before it.
            if (!(IsNarrowOnDevice(dz_CV) && head.Weight.Format.Product is null && WeightProducts.TryAddWide(head.Weight, dz_CV, hidden_CH)))
            {
                WeightProducts.WeightGradient(head.Weight, dz_CV, hidden_CH);
            }
        }

        if (head.Bias is { Trains: true } bias)
        {
            bias.AddGradient(dz_CV.sum(0L));
        }
    }

    private static bool IsNarrowOnDevice(Tensor x) => x.device_type == TorchSharp.DeviceType.CUDA && x.dtype is ScalarType.BFloat16 or ScalarType.Float16;
}
