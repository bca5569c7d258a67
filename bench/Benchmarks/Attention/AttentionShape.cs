using Neoteny.Attention;

namespace Neoteny.Benchmarks.Attention;

/// <summary>One packed row of causal attention: 32 query heads, documents of given lengths.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="KeyHeads">Key heads.</param>
/// <param name="HeadSize">Head size.</param>
/// <param name="Lengths">Tokens of each document; drawn anew for each step where the function depends on it.</param>
internal sealed record AttentionShape(string Name, int KeyHeads, int HeadSize, Func<int, int[]> Lengths)
{
    public const int QueryHeads = 32;
    public const int Tokens = 16384;

    /// <summary>The rows of the table.</summary>
    public static IEnumerable<AttentionShape> All { get; } =
        from head in new[] { 128, 64 }
        from shape in new (string Name, int KeyHeads, Func<int, int[]> Lengths)[]
        {
            ("one document", 32, _ => [Tokens]),
            ("8 documents", 32, _ => [4096, 4096, 2048, 2048, 1024, 1024, 1024, 1024]),
            ("8 documents", 8, _ => [4096, 4096, 2048, 2048, 1024, 1024, 1024, 1024]),
            ("10 documents", 8, _ => [4096, 3072, 2048, 2048, 1536, 1536, 1024, 512, 384, 128]),
            ("fresh lengths", 8, Fresh),
        }
        select new AttentionShape(shape.Name, shape.KeyHeads, head, shape.Lengths);

    /// <summary>Whether every step has other lengths.</summary>
    public bool IsFresh => Lengths == Fresh;

    public AttentionSpec Spec => new()
    {
        Demands = AttentionFeatures.Causal | (KeyHeads < QueryHeads ? AttentionFeatures.GroupedHeads : 0),
        Scale = 1 / Math.Sqrt(HeadSize),
        QueryHeads = QueryHeads,
        KeyHeads = KeyHeads,
        HeadSize = HeadSize,
    };

    /// <summary>Floating point operations of forward, in 10^12: two products over the lower triangle of each document.</summary>
    public static double ForwardWork(IEnumerable<int> lengths, int headSize) => 4 * lengths.Sum(l => (double)l * l) / 2 * QueryHeads * headSize / 1e12;

    /// <summary>Lengths that fill the row, longest first, spread evenly over the logarithms of 100 to 6000.</summary>
    private static int[] Fresh(int step)
    {
        var random = new Random(step);
        var lengths = new List<int>();
        for (var left = Tokens; left > 0; left -= lengths[^1])
        {
            lengths.Add(Math.Min(left, (int)(100 * Math.Pow(60, random.NextDouble()))));
        }

        return [.. lengths.OrderDescending()];
    }
}
