namespace Neoteny.Plugins.CCE.Passes;

// T tokens, V vocabulary, H hidden

/// <summary>How tokens and vocabulary are cut.</summary>
/// <param name="Tokens">Tokens of a block.</param>
/// <param name="Labels">Labels of a tile.</param>
internal readonly record struct TileSizes(long Tokens, long Labels)
{
    // Products are fastest where their sizes are multiples of the tiles that they are cut into.
    private const long Fine = 128;
    private const long Coarse = 256;

    /// <summary>On the CPU a tile of 256 tokens and 1024 labels in fp32 is 1 MiB: what the second-level caches of two cores hold together.</summary>
    private const long CachedTokens = 256;
    private const long CachedLabels = 1024;

    // With fewer tokens a block, reading the head for each of them costs more than the products.
    private const long FewestCpuTokens = 128;
    private const long CpuLogits = 7L << 20;

    // More rows make products no faster, fewer columns make them slower.
    private const long MostTokens = 16_384;
    private const long FewestLabels = 1024;
    private const long WorthBlocks = 2;
    private const long FilteredTokens = 1024;
    private const long FilteredLabels = 1024;

    /// <summary>For one pass on a device: whole rows of logits.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="workspace">Bytes for logits.</param>
    /// <param name="elementSize">Bytes of a logit.</param>
    public static TileSizes Whole(long tokens, long vocabulary, long workspace, long elementSize)
        => new(Even(tokens, workspace / elementSize / LogitBuffer.Padded(vocabulary)), vocabulary);

    /// <summary>For one pass on the CPU: rows of logits are kept, and worked on in tiles that stay in cache.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="workspace">Bytes for logits.</param>
    public static TileSizes Cached(long tokens, long vocabulary, long workspace)
    {
        var wanted = Math.Clamp(CpuLogits / vocabulary, FewestCpuTokens, CachedTokens);
        var most = Math.Clamp(workspace / sizeof(float) / LogitBuffer.Padded(vocabulary), 1, wanted);
        var blocks = (tokens + most - 1) / most;
        return new((tokens + blocks - 1) / blocks, Math.Min(vocabulary, CachedLabels));
    }

    /// <summary>For two passes: a tile, and where it is summed apart the head gradient of its labels.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="workspace">Bytes for both.</param>
    /// <param name="elementSize">Bytes of a logit.</param>
    /// <param name="sumBytes">Bytes of one label's head gradient; 0 where it is not summed apart.</param>
    public static TileSizes Streamed(long tokens, long vocabulary, long workspace, long elementSize, long sumBytes)
    {
        var most = Math.Min(tokens, MostTokens);
        while (most > FewestLabels && workspace / ((most * elementSize) + sumBytes) < FewestLabels)
        {
            most /= 2;
        }

        var rows = Even(tokens, most);
        var labels = workspace / ((rows * elementSize) + sumBytes);
        return new(rows, Math.Min(vocabulary, Math.Max(Coarse, labels / Coarse * Coarse)));
    }

    /// <summary>For the first block of one pass on a device, whose logits lie in the fp32 sum of the head's gradient: none where that is hardly larger than the workspace.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="hidden">H.</param>
    /// <param name="workspace">Bytes for the range that has no place there.</param>
    /// <param name="elementSize">Bytes of a logit.</param>
    public static TileSizes? Within(long tokens, long vocabulary, long hidden, long workspace, long elementSize)
    {
        var most = Math.Min(tokens, hidden * sizeof(float) / elementSize);
        most = most == tokens ? tokens : most / Coarse * Coarse;
        var sizes = most > 0 ? Streamed(most, vocabulary, workspace, elementSize, 0) : default;
        return sizes.Tokens >= WorthBlocks * Whole(tokens, vocabulary, workspace, elementSize).Tokens ? sizes : null;
    }

    /// <summary>For two passes on the CPU.</summary>
    /// <param name="vocabulary">V.</param>
    public static TileSizes StreamedInCache(long vocabulary) => new(CachedTokens, Math.Min(vocabulary, CachedLabels));

    /// <summary>Small enough for some blocks to have no entry worth computing.</summary>
    public TileSizes Filtered() => new(Math.Min(Tokens, FilteredTokens), Math.Min(Labels, FilteredLabels));

    /// <summary>Blocks of nearly the same size, not larger than allowed.</summary>
    private static long Even(long tokens, long most)
    {
        var unit = most >= Coarse ? Coarse : most >= Fine ? Fine : 1;
        most = Math.Max(1, most / unit * unit);
        var blocks = (tokens + most - 1) / most;
        var each = (tokens + blocks - 1) / blocks;
        return Math.Min(most, (each + unit - 1) / unit * unit);
    }
}
