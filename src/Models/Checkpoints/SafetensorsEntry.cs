using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
public sealed class SafetensorsEntry
{
    internal SafetensorsEntry(string name, SafetensorsType type, long[] shape, long begin, long end)
        => (Name, Type, Shape, Begin, End) = (name, type, shape, begin, end);

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>The stored dtype as the file spells it: <c>F32</c>, <c>BF16</c>, <c>F8_E4M3</c>.</summary>
    public string StoredType => Type.Name;

    /// <summary>The dtype that reading gives unless another is asked for; bytes for 8-bit floats.</summary>
    public ScalarType DType => Type.Read;

    /// <summary>The shape.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes in the file.</summary>
    public long Bytes => End - Begin;

    internal SafetensorsType Type { get; }

    /// <summary>Offset of the first byte in the data part of the file.</summary>
    internal long Begin { get; }

    /// <summary>Offset past the last byte.</summary>
    internal long End { get; }
}
