using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

/// <summary>Memory for logits. Rows begin at multiples of 128 bytes whatever their length: products and kernels are slow, or impossible, on others.</summary>
internal sealed class LogitBuffer
{
    private const long Unit = 64;

    private readonly Tensor memory;

    /// <summary>Takes the memory; belongs to the dispose scope around.</summary>
    /// <param name="elements">Elements, gaps included.</param>
    /// <param name="dtype">Their dtype.</param>
    /// <param name="device">Where.</param>
    public LogitBuffer(long elements, ScalarType dtype, Device device)
    {
        memory = empty(elements, dtype: dtype, device: device);
        HasGaps = device.type != TorchSharp.DeviceType.CPU;
    }

    /// <summary>Whether rows of any length are padded. In CPU memory they lie close together.</summary>
    private bool HasGaps { get; }

    /// <summary>The length of a row with its gap.</summary>
    public static long Padded(long columns) => (columns + Unit - 1) / Unit * Unit;

    /// <summary>A tile <c>[rows, columns]</c>, a view in the dispose scope around.</summary>
    /// <param name="at">Elements in front of it.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="columns">Labels.</param>
    public Tensor Tile(long at, long rows, long columns)
    {
        var stride = HasGaps ? Padded(columns) : columns;
        return memory.as_strided([rows, columns], [stride, 1], at);
    }
}
