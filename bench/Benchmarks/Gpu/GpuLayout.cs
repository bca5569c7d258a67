namespace Neoteny.Benchmarks.Gpu;

/// <summary>How a step's tokens are cut into documents.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Lengths">The lengths in one step.</param>
internal sealed record GpuLayout(string Name, Func<int, int[]> Lengths)
{
    private const int Tokens = 16384;
    private const double Shortest = 100;
    private const double Spread = 60;

    /// <summary>All layouts: 4 documents of 4096, ten fixed ones, others in every step, two of 4096, and a short row.</summary>
    public static IReadOnlyList<GpuLayout> All { get; } =
    [
        new("dense", _ => [4096, 4096, 4096, 4096]),
        new("packed", _ => [4096, 3072, 2048, 2048, 1536, 1536, 1024, 512, 384, 128]),
        new("fresh", Fresh),
        new("two", _ => [4096, 4096]),
        new("short", _ => [1024, 512, 384, 128]),
    ];

    /// <summary>Lengths that fill the row, longest first, spread evenly over the logarithms of 100 to 6000.</summary>
    private static int[] Fresh(int step)
    {
        var random = new Random(step);
        var lengths = new List<int>();
        for (var left = Tokens; left > 0; left -= lengths[^1])
            lengths.Add(Math.Min(left, (int)(Shortest * Math.Pow(Spread, random.NextDouble()))));
        return [.. lengths.OrderDescending()];
    }
}
