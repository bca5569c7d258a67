using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>A tensor to be written: described now, materialized when its turn comes, so that a checkpoint never stands in memory twice.</summary>
public sealed class TensorSource
{
    /// <summary>Describes a tensor that <paramref name="get"/> makes.</summary>
    /// <param name="name">The name in the file.</param>
    /// <param name="dtype">Its dtype.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="get">Makes it, on any device; called once for each writing, on the writer's thread. The writer disposes the result.</param>
    public TensorSource(string name, ScalarType dtype, IReadOnlyList<long> shape, Func<Tensor> get)
        => (Name, DType, Shape, Get) = (name, dtype, shape, get);

    /// <summary>Describes a tensor that exists; borrowed.</summary>
    public TensorSource(string name, Tensor tensor)
        : this(name, tensor.dtype, tensor.shape, tensor.alias)
    {
    }

    /// <summary>The name in the file.</summary>
    public string Name { get; }

    /// <summary>The dtype it is written as.</summary>
    public ScalarType DType { get; }

    /// <summary>The shape.</summary>
    public IReadOnlyList<long> Shape { get; }

    internal Func<Tensor> Get { get; }

    internal SafetensorsType Type => SafetensorsType.For(DType)
        ?? throw new NeotenyException($"Tensor '{Name}' has the dtype {DType}, which safetensors files cannot hold. Convert it before saving.");

    internal long Bytes => Shape.Aggregate((long)Type.Size, static (a, b) => checked(a * b));
}
