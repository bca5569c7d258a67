using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

// C tokens of one chunk, H hidden, V vocabulary

/// <summary>Gathers the gradients of a head's weight and bias over the chunks of one call, in fp32: in 16 bits each chunk would round the sum of those before it.</summary>
internal sealed class HeadGradient(LossInput input) : IDisposable
{
    private readonly Parameter weight = input.Head.Weight;
    private readonly Parameter? bias = input.Head.Bias;
    private Tensor? own_VH;
    private Tensor? sum_V;

    /// <summary>Adds a chunk.</summary>
    /// <param name="dz_CV">Gradient of the logits.</param>
    /// <param name="hidden_CH">Hidden states in the same dtype.</param>
    public void Add(Tensor dz_CV, Tensor hidden_CH)
    {
        if (weight.Trains)
        {
            AddWeight(dz_CV, hidden_CH);
        }

        if (bias is { Trains: true })
        {
            var part_V = dz_CV.sum([0L], type: ScalarType.Float32);
            sum_V = sum_V?.add_(part_V, Runtime.Scalars.One) ?? part_V.DetachFromDisposeScope();
        }
    }

    /// <summary>Hands over what the parameters could not gather themselves.</summary>
    public void Finish()
    {
        if (own_VH is not null)
        {
            weight.AddGradient(own_VH);
        }

        if (sum_V is not null)
        {
            bias!.AddGradient(bias.GradientType is null && bias.Gradient is null ? sum_V.to(bias.DType) : sum_V);
        }
    }

    public void Dispose()
    {
        own_VH?.Dispose();
        sum_V?.Dispose();
    }

    private void AddWeight(Tensor dz_CV, Tensor hidden_CH)
    {
        if (dz_CV.dtype is not (ScalarType.BFloat16 or ScalarType.Float16) || weight.Format.Product is not null)
        {
            WeightProducts.WeightGradient(weight, dz_CV, hidden_CH);
            return;
        }

        if (dz_CV.device_type == DeviceType.CUDA)
        {
            if (!WeightProducts.TryAddWide(weight, dz_CV, hidden_CH))
            {
                AddOwn(dz_CV, hidden_CH);
            }

            return;
        }

        var wide_VH = weight.GradientIn(ScalarType.Float32) ?? (own_VH ??= zeros([.. weight.Shape], dtype: ScalarType.Float32).DetachFromDisposeScope());
        wide_VH.addmm_(dz_CV.to(ScalarType.Float32).t(), hidden_CH.to(ScalarType.Float32), 1f, 1f);
    }

    private void AddOwn(Tensor dz_CV, Tensor hidden_CH)
    {
        var adds = own_VH is not null;
        own_VH ??= empty([.. weight.Shape], dtype: ScalarType.Float32, device: dz_CV.device).DetachFromDisposeScope();
        WideProducts.Run(own_VH, dz_CV.t(), hidden_CH, adds);
    }
}
