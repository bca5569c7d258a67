using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Parameters;

/// <summary>How a weight is stored: dense, or quantized in some layout.</summary>
/// <remarks>Stateless and shared by all parameters of the format. Runs on the compute thread inside a dispose scope and <c>no_grad</c>.</remarks>
public interface IWeightFormat
{
    /// <summary>A short name for plans and errors, such as <c>nf4</c>.</summary>
    string Name { get; }

    /// <summary>Whether an optimizer may update a weight stored so.</summary>
    bool IsTrainable => false;

    /// <summary>Turns a dense weight into pieces; takes ownership of <paramref name="weight"/>.</summary>
    StoredWeight Pack(Tensor weight);

    /// <summary>Makes the dense weight again, as a new tensor.</summary>
    Tensor Unpack(StoredWeight stored, ScalarType dtype);

    /// <summary>The dense weight where the pieces hold it as it is; null where it must be unpacked. Borrowed.</summary>
    Tensor? Dense(StoredWeight stored) => null;

    /// <summary>Products that read the pieces directly; null to unpack and use dense products.</summary>
    IWeightProduct? Product => null;
}

/// <summary>Matrix products with a weight in its stored format (fused dequantization, FP8).</summary>
/// <remarks>Weights are <c>[O, I]</c>, activations <c>[T, I]</c> and <c>[T, O]</c>. Results are new tensors.</remarks>
public interface IWeightProduct
{
    /// <summary><c>y[T, O] = x W'</c>.</summary>
    Tensor Forward(StoredWeight weight, Tensor x_TI);

    /// <summary><c>dx[T, I] = dy W</c>.</summary>
    Tensor InputGradient(StoredWeight weight, Tensor gradient_TO);

    /// <summary><c>dW[O, I] = dy' x</c>, for trainable formats; null to leave it to the parameter.</summary>
    Tensor? WeightGradient(StoredWeight weight, Tensor gradient_TO, Tensor x_TI) => null;
}

/// <summary>Where a parameter's stored pieces live.</summary>
/// <remarks>Called on the compute thread. Implementations that move data return from <see cref="Fetch"/> only what the compute stream may read.</remarks>
public interface IWeightHome
{
    /// <summary>Takes the pieces over when the parameter moves here; returns what the parameter keeps.</summary>
    StoredWeight Adopt(Parameter parameter, StoredWeight stored) => stored;

    /// <summary>The pieces on the compute device, whole.</summary>
    StoredWeight Fetch(Parameter parameter, StoredWeight stored);

    /// <summary>The call that fetched them is done.</summary>
    void Return(Parameter parameter, StoredWeight fetched);
}
