using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Head;

/// <summary>The gradient of the head's weight, one range of the vocabulary at a time: fp32 while it is summed, added to the parameter's gradient once.</summary>
internal sealed class TileSum
{
    private readonly Tensor gradient_VH;
    private readonly Tensor? buffer_NH;

    /// <summary>Starts; belongs to the dispose scope around.</summary>
    /// <param name="weight">A weight that trains.</param>
    /// <param name="narrow">The dtype of a first gradient where the parameter does not say which it gathers in.</param>
    /// <param name="labels">The most labels of a range.</param>
    /// <param name="device">The device of the products.</param>
    public TileSum(Parameter weight, ScalarType narrow, long labels, Device device)
    {
        gradient_VH = weight.GradientIn(DType(weight, narrow))!;
        buffer_NH = gradient_VH.dtype == ScalarType.Float32 ? null : empty(labels, weight.Shape[1], dtype: ScalarType.Float32, device: device);
    }

    /// <summary>Whether a range's sum is memory of its own, which holds nothing before the first product.</summary>
    public bool IsEmpty => buffer_NH is not null;

    /// <summary>The dtype that a parameter's gradient has, or would have.</summary>
    public static ScalarType DType(Parameter weight, ScalarType narrow) => weight.Gradient?.dtype ?? weight.GradientType ?? narrow;

    /// <summary>The sum of a range, fp32; a view in the dispose scope around.</summary>
    public Tensor Rows(long first, long count) => buffer_NH is null ? gradient_VH.narrow(0, first, count) : buffer_NH.narrow(0, 0, count);

    /// <summary>Adds a range's sum to the gradient.</summary>
    public void Complete(long first, long count)
    {
        if (buffer_NH is not null)
        {
            using var scope = NewDisposeScope();
            gradient_VH.narrow(0, first, count).add_(buffer_NH.narrow(0, 0, count), Scalars.One);
        }
    }
}
