using static TorchSharp.torch;

namespace Neoteny.Training.Memory;

/// <summary>One tensor alive, as a report on memory names it.</summary>
/// <param name="Category">What it is for: weights, gradients, optimizer state, activations.</param>
/// <param name="Name">The parameter's path, or the module and operator that saved it.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="DType">Its dtype.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record MemoryEntry(MemoryCategory Category, string Name, IReadOnlyList<long> Shape, ScalarType DType, long Bytes)
{
    public static MemoryEntry Of(MemoryCategory category, string name, Tensor tensor)
        => new(category, name, tensor.shape, tensor.dtype, tensor.numel() * tensor.element_size());

    public override string ToString() => $"{Name} {DType} [{string.Join(", ", Shape)}] {MemoryText.Of(Bytes)}";
}

/// <summary>What memory is used for.</summary>
internal enum MemoryCategory
{
    /// <summary>Weights of the model and of adapters.</summary>
    Weights,

    /// <summary>Gradients of parameters.</summary>
    Gradients,

    /// <summary>Moments and fp32 masters.</summary>
    OptimizerState,

    /// <summary>What forward saved for backward, and gradients of activations.</summary>
    Activations,
}
