using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>A dtype of the safetensors format and the dtype it is read as.</summary>
/// <param name="Name">As headers spell it.</param>
/// <param name="Size">Bytes an element.</param>
/// <param name="Read">What a tensor of it is unless another dtype is asked for: the 8-bit floats are bytes.</param>
/// <param name="Native">libtorch's number of the dtype whose values the bytes are.</param>
internal sealed record SafetensorsType(string Name, int Size, ScalarType Read, int Native)
{
    /// <summary>Every dtype that is read, in the order the format ranks them: files hold the highest first.</summary>
    public static IReadOnlyList<SafetensorsType> All { get; } =
    [
        Of("BOOL", 1, ScalarType.Bool),
        Of("U8", 1, ScalarType.Byte),
        Of("I8", 1, ScalarType.Int8),
        new("F8_E5M2", 1, ScalarType.Byte, 23),
        new("F8_E4M3", 1, ScalarType.Byte, 24),
        new("F8_E8M0", 1, ScalarType.Byte, 44),
        Of("I16", 2, ScalarType.Int16),
        Of("F16", 2, ScalarType.Float16),
        Of("BF16", 2, ScalarType.BFloat16),
        Of("I32", 4, ScalarType.Int32),
        Of("F32", 4, ScalarType.Float32),
        Of("F64", 8, ScalarType.Float64),
        Of("I64", 8, ScalarType.Int64),
    ];

    private static readonly Dictionary<string, SafetensorsType> ByName = All.ToDictionary(t => t.Name);

    /// <summary>The dtype of a name; null when it is unknown.</summary>
    public static SafetensorsType? Named(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The dtype that a tensor is written as; null when the format lacks it.</summary>
    public static SafetensorsType? For(ScalarType type) => All.FirstOrDefault(t => t.Read == type && t.Native == (int)type);

    private static SafetensorsType Of(string name, int size, ScalarType type) => new(name, size, type, (int)type);
}
