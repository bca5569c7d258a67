using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

/// <summary>Memory for logits. Rows begin at multiples of 128 bytes whatever their length: products and kernels are slow, or impossible, on others.</summary>
internal sealed class LogitBuffer
{
    private const long Unit = 64;

    private readonly Tensor[] tiles;

    /// <summary>Takes the memory; belongs to the dispose scope around.</summary>
    /// <param name="count">How many tiles are kept at once. Each has memory of its own: one piece for all leaves a hole that the next call's does not fit into, and the process grows by it.</param>
    /// <param name="rows">The most tokens of a tile.</param>
    /// <param name="columns">The most labels of a tile.</param>
    /// <param name="dtype">The logits' dtype.</param>
    /// <param name="device">Where.</param>
    public LogitBuffer(int count, long rows, long columns, ScalarType dtype, Device device)
    {
        tiles = [.. Enumerable.Range(0, count).Select(_ => empty(rows * Padded(columns), dtype: dtype, device: device))];
        HasGaps = device.type != TorchSharp.DeviceType.CPU;
        Length = rows * Padded(columns);
    }

    /// <summary>Whether rows of any length are padded. In CPU memory they lie close together.</summary>
    private bool HasGaps { get; }

    /// <summary>Elements of a tile with its gaps.</summary>
    public long Length { get; }

    /// <summary>The length of a row with its gap.</summary>
    public static long Padded(long columns) => (columns + Unit - 1) / Unit * Unit;

    /// <summary>A tile <c>[rows, columns]</c>, a view in the dispose scope around.</summary>
    /// <param name="index">Which of those that are kept.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="columns">Labels.</param>
    public Tensor Tile(int index, long rows, long columns) => Shape(tiles[index], 0, rows, columns);

    /// <summary>A tile in other memory of the logits' dtype, laid out as the buffer's own; a view in the dispose scope around.</summary>
    /// <param name="memory">One-dimensional.</param>
    /// <param name="from">The element it begins at.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="columns">Labels.</param>
    public Tensor Shape(Tensor memory, long from, long rows, long columns)
        => memory.as_strided([rows, columns], [HasGaps ? Padded(columns) : columns, 1], memory.storage_offset() + from);
}
