namespace Neoteny.Runtime.Cuda;

/// <summary>How many blocks of how many threads a launch has, and the shared memory of each block.</summary>
/// <param name="blocks">Blocks along x.</param>
/// <param name="threads">Threads of a block along x.</param>
public readonly struct LaunchShape(long blocks, int threads)
{
    /// <summary>Blocks along x.</summary>
    public long GridX { get; init; } = blocks;

    /// <summary>Blocks along y.</summary>
    public int GridY { get; init; } = 1;

    /// <summary>Blocks along z.</summary>
    public int GridZ { get; init; } = 1;

    /// <summary>Threads of a block along x.</summary>
    public int BlockX { get; init; } = threads;

    /// <summary>Threads of a block along y.</summary>
    public int BlockY { get; init; } = 1;

    /// <summary>Threads of a block along z.</summary>
    public int BlockZ { get; init; } = 1;

    /// <summary>Bytes of dynamic shared memory of a block. Over 48 KB the kernel's limit is raised at the first launch that asks for it.</summary>
    public int SharedBytes { get; init; }

    /// <summary>One thread for each of <paramref name="items"/>, in blocks of <paramref name="threads"/>, along x.</summary>
    public static LaunchShape Over(long items, int threads) => new((items + threads - 1) / threads, threads);

    /// <inheritdoc/>
    public override string ToString()
        => FormattableString.Invariant($"grid {GridX}x{GridY}x{GridZ}, block {BlockX}x{BlockY}x{BlockZ}, {SharedBytes} bytes of dynamic shared memory");
}
