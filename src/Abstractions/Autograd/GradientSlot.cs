using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>The gradient gathered for one value, and whether its storage belongs to it alone.</summary>
/// <remarks>Sums are taken in place into whichever side owns its storage alone; a new tensor is made only when neither does.</remarks>
internal struct GradientSlot
{
    private bool exclusive;

    public Tensor? Tensor { get; private set; }

    public readonly bool IsExclusive => exclusive;

    /// <summary>Adds a gradient and takes its handle.</summary>
    public void Add(Tensor gradient, bool isExclusive)
    {
        gradient.DetachFromDisposeScope();
        if (Tensor is null)
        {
            (Tensor, exclusive) = (gradient, isExclusive);
        }
        else if (exclusive)
        {
            Tensor.add_(gradient, TapeScalars.One);
            gradient.Dispose();
        }
        else if (isExclusive)
        {
            gradient.add_(Tensor, TapeScalars.One);
            Tensor.Dispose();
            (Tensor, exclusive) = (gradient, true);
        }
        else
        {
            var sum = Tensor.add(gradient, TapeScalars.One).DetachFromDisposeScope();
            Tensor.Dispose();
            gradient.Dispose();
            (Tensor, exclusive) = (sum, true);
        }
    }

    /// <summary>Adds the product of two matrices.</summary>
    public void AddProduct(Tensor left, Tensor right)
    {
        if (exclusive && Tensor is { } sum && sum.dim() == 2 && sum.dtype == left.dtype)
        {
            sum.addmm_(left, right, 1f, 1f);
        }
        else
        {
            Add(left.mm(right), isExclusive: true);
        }
    }

    /// <summary>From now on somebody else holds the same storage.</summary>
    public void Share() => exclusive = false;

    /// <summary>Takes the gradient out.</summary>
    public Tensor? Take()
    {
        var taken = Tensor;
        Tensor = null;
        return taken;
    }

    public void Clear()
    {
        Tensor?.Dispose();
        Tensor = null;
    }
}

/// <summary>A scalar that lives for the whole process (TorchSharp does not keep temporary ones alive during a call).</summary>
internal static class TapeScalars
{
    public static TorchSharp.Scalar One { get; } = TorchSharp.ScalarExtensionMethods.ToScalar(1.0);
}
