using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

// C tokens, V vocabulary

/// <summary>Losses and gradient of logits as a composition of libtorch's calls in fp32, for what neither kernel nor loop takes.</summary>
internal static class LogitsReference
{
    /// <summary>Losses without their factors, fp32, and the gradient of the logits in their dtype.</summary>
    public static (Tensor Losses, Tensor Gradient) Run(Tensor raw_CV, Tensor labels_C, Tensor factors_C, CrossEntropyTerms terms)
    {
        var wide_CV = raw_CV.to(ScalarType.Float32);
        var z_CV = terms.Softcap == 0 ? wide_CV : wide_CV.div(Scalars.Of(terms.Softcap)).tanh_().mul_(Scalars.Of(terms.Softcap));
        var kept_C1 = labels_C.ge(Scalars.Of(0L)).unsqueeze(1);
        var index_C1 = labels_C.clamp_min(Scalars.Of(0L)).unsqueeze(1);
        var (lse_C1, target_C1) = (z_CV.logsumexp(-1, keepdim: true), z_CV.gather(1, index_C1));
        var loss_C1 = lse_C1.sub(target_C1.mul(Scalars.Of(1 - terms.Smoothing)));

        // Zero times an infinite logit would not be zero.
        if (terms.Smoothing > 0)
        {
            loss_C1.sub_(z_CV.mean([-1L], keepdim: true).mul_(Scalars.Of(terms.Smoothing)));
        }

        if (terms.ZLoss > 0)
        {
            loss_C1.add_(lse_C1.mul(lse_C1).mul_(Scalars.Of(terms.ZLoss)), Scalars.One);
        }

        var factor_C1 = factors_C.unsqueeze(1);
        if (terms.ScalesByProbability)
        {
            var probability_C1 = target_C1.sub(lse_C1).exp_();
            loss_C1.mul_(probability_C1);
            factor_C1 = factor_C1.mul(probability_C1);
        }

        var dz_CV = z_CV.sub(lse_C1).exp_().mul_(lse_C1.mul(Scalars.Of(2 * terms.ZLoss)).add_(Scalars.One, Scalars.One));
        dz_CV.add_(Scalars.Of(-terms.Smoothing / z_CV.size(1)), Scalars.One);
        dz_CV.scatter_add_(1, index_C1, full_like(lse_C1, Scalars.Of(terms.Smoothing - 1)));
        if (terms.Softcap > 0)
        {
            var t_CV = z_CV.div(Scalars.Of(terms.Softcap));
            dz_CV.mul_(t_CV.mul_(t_CV).neg_().add_(Scalars.One, Scalars.One));
        }

        dz_CV.mul_(factor_C1).masked_fill_(kept_C1.logical_not(), Scalars.Zero);
        return (loss_C1.masked_fill_(kept_C1.logical_not(), Scalars.Zero).squeeze(1), dz_CV.to(raw_CV.dtype));
    }
}
