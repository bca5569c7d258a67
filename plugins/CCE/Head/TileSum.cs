using Neoteny.Parameters;
using Neoteny.Plugins.CCE.Passes;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Head;

/// <summary>The gradient of the head's weight, one range of the vocabulary at a time: added to the parameter's gradient once, rounded once.</summary>
/// <remarks>
/// Where one product gives the whole sum of a range, it goes into the parameter's gradient itself: products sum in fp32 whatever they write. Where several blocks of tokens give it, their
/// sum is kept in fp32 until it is complete.
/// </remarks>
internal sealed class TileSum
{
    private readonly Tensor gradient_VH;
    private readonly Tensor? buffer_NH;

    /// <summary>Starts; belongs to the dispose scope around.</summary>
    /// <param name="weight">A weight that trains.</param>
    /// <param name="call">The call.</param>
    /// <param name="sizes">Tokens of a block, labels of a range.</param>
    /// <param name="isFull">Whether every row gets a product, so that a first gradient need not be zero before.</param>
    public TileSum(Parameter weight, LossCall call, TileSizes sizes, bool isFull)
    {
        var (dtype, needsSum) = (DType(weight, call.Input.Hidden.dtype), NeedsSum(weight, call, sizes));
        IsEmpty = weight.Gradient is null;
        if (IsEmpty && isFull && !needsSum)
        {
            weight.GiveGradient(empty([.. weight.Shape], dtype: dtype, device: call.Hidden.device));
        }

        gradient_VH = weight.GradientIn(dtype)!;
        if (needsSum)
        {
            buffer_NH = empty(sizes.Labels, weight.Shape[1], dtype: ScalarType.Float32, device: call.Hidden.device);
            IsEmpty = true;
        }
    }

    private TileSum(Tensor gradient_VH) => (this.gradient_VH, IsEmpty) = (gradient_VH, true);

    /// <summary>Over rows of a sum in fp32 that hold nothing yet, and that somebody else hands over.</summary>
    /// <param name="sum_VH">The sum.</param>
    public static TileSum Within(Tensor sum_VH) => new(sum_VH);

    /// <summary>The gradient <c>[V, H]</c> where it holds nothing yet and each product goes into it, so that its rows may hold something else until then; else null.</summary>
    public Tensor? Unwritten => IsEmpty && buffer_NH is null ? gradient_VH : null;

    /// <summary>Whether the rows of a range hold nothing before the first product, which may replace them then.</summary>
    public bool IsEmpty { get; }

    /// <summary>Whether sums need memory of their own: not where the parameter's gradient is fp32, or one product in its dtype gives them.</summary>
    /// <param name="weight">A weight that trains.</param>
    /// <param name="call">The call.</param>
    /// <param name="sizes">Where a block holds all tokens, one product gives the whole sum of a range.</param>
    public static bool NeedsSum(Parameter weight, LossCall call, TileSizes sizes)
    {
        var dtype = DType(weight, call.Input.Hidden.dtype);
        return dtype != ScalarType.Float32 && !(sizes.Tokens >= call.Tokens && dtype == call.Hidden.dtype);
    }

    /// <summary>The sum of a range; a view in the dispose scope around.</summary>
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

    /// <summary>The dtype that a parameter's gradient has, or would have.</summary>
    private static ScalarType DType(Parameter weight, ScalarType narrow) => weight.Gradient?.dtype ?? weight.GradientType ?? narrow;
}
