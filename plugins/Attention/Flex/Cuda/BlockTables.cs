using Neoteny.Attention;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>Which blocks of the score matrix a mask leaves: for each tile of queries the blocks of keys, for each tile of keys the tiles of queries. Made on the device once a batch.</summary>
/// <remarks>The layout of tiles and lists is described in FlexBlocks.cu.</remarks>
internal sealed class BlockTables : IDisposable
{
    private const int Fields = 8;
    private const int Threads = 128;
    private readonly Tensor tables;

    private BlockTables(SequenceLayout layout, LayerProgram program, BlockSize size, int heads)
    {
        var tiles = TileList.Of(layout, size);
        (QueryTiles, KeyTiles) = (tiles.Queries.Count / Fields, tiles.Keys.Count / Fields);
        (Total, Maps) = (tiles.Blocks, program.IsPerHead ? heads : 1);
        using var scope = NewDisposeScope();
        var device = layout.QueryOffsets.device;
        // From page-locked memory, so that the host does not wait for the device.
        var all = tensor((int[])[.. tiles.Queries, .. tiles.Keys, .. tiles.QueryOrder, .. tiles.KeyOrder], dtype: ScalarType.Int32);
        tables = (device.type == TorchSharp.DeviceType.CUDA ? all.pin_memory().to(device.type, device.index, non_blocking: true) : all).DetachFromDisposeScope();
        var at = 0L;
        Tensor Next(int count) => tables.narrow(0, (at += count) - count, count).DetachFromDisposeScope();
        (Queries, Keys, QueryOrder, KeyOrder) = (Next(tiles.Queries.Count), Next(tiles.Keys.Count), Next(QueryTiles), Next(KeyTiles));
        Tensor Integers(long count) => empty(Maps * count, dtype: ScalarType.Int32, device: device).DetachFromDisposeScope();
        (Rows, RowCounts, Columns, ColumnCounts) = (Integers(Total), Integers(QueryTiles), Integers(Total), Integers(KeyTiles));
        var flags = empty(Maps * Total, dtype: ScalarType.Byte, device: device);
        var source = FlexSources.Blocks(program, size);
        source.Kernel("flex_blocks").Launch(new LaunchShape(QueryTiles, Threads) { GridY = Maps }, Queries, flags, Rows, RowCounts, Total);
        source.Kernel("flex_columns").Launch(new LaunchShape(KeyTiles, 32) { GridY = Maps }, Keys, Queries, flags, Columns, ColumnCounts, Total);
    }

    /// <summary>Tiles of queries, and of keys.</summary>
    public int QueryTiles { get; }

    /// <summary>Tiles of keys.</summary>
    public int KeyTiles { get; }

    /// <summary>Blocks of all documents: the length of the lists for one head.</summary>
    public long Total { get; }

    /// <summary>Lists: one for each query head where the mask differs between them, else one.</summary>
    public int Maps { get; }

    public Tensor Queries { get; }

    public Tensor Keys { get; }

    /// <summary>In which order tiles are started: those with most work first.</summary>
    public Tensor QueryOrder { get; }

    public Tensor KeyOrder { get; }

    public Tensor Rows { get; }

    public Tensor RowCounts { get; }

    public Tensor Columns { get; }

    public Tensor ColumnCounts { get; }

    /// <summary>The tables of a batch; shared by all layers with this program.</summary>
    public static BlockTables Of(SequenceLayout layout, LayerProgram program, BlockSize size, int heads)
        => layout.Derived((program, size, heads), l => new BlockTables(l, program, size, heads));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Queries, Keys, QueryOrder, KeyOrder, Rows, RowCounts, Columns, ColumnCounts, tables])
        {
            tensor.Dispose();
        }
    }
}
