using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers;

/// <summary>One parameter with its moments.</summary>
internal sealed class AdamWSlot : IDisposable
{
    public AdamWSlot(Parameter parameter, int index, double weightDecay, bool keepMaster, bool narrowMoments = false)
    {
        (Parameter, Index, WeightDecay) = (parameter, index, weightDecay);
        using var lease = parameter.Rent();
        var moments = narrowMoments && parameter.DType == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        FirstMoment = zeros_like(lease.Tensor, dtype: moments).DetachFromDisposeScope();
        SecondMoment = zeros_like(lease.Tensor, dtype: moments).DetachFromDisposeScope();
        Master = keepMaster ? lease.Tensor.to(ScalarType.Float32, copy: true).DetachFromDisposeScope() : null;
    }

    public Parameter Parameter { get; }

    /// <summary>Its place among all trained parameters, which keys its random numbers.</summary>
    public int Index { get; }

    public double WeightDecay { get; }

    /// <summary>Mean of gradients, fp32 or bf16, in the parameter's shape.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Mean of squared gradients, in the dtype of the first moment.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>The weight in fp32 where the parameter itself is bf16; else null.</summary>
    public Tensor? Master { get; }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        Master?.Dispose();
    }
}
