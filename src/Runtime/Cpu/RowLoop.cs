namespace Neoteny.Runtime.Cpu;

/// <summary>Spreads rows over the processors.</summary>
public static class RowLoop
{
    /// <summary>Below this many elements one thread is faster than two.</summary>
    private const long SerialBelow = 16 * 1024;

    /// <summary>How many ranges a loop is cut into at most: the processors libtorch uses too.</summary>
    public static int Workers { get; set; } = Environment.ProcessorCount;

    /// <summary>Runs a body over ranges of rows, in parallel where it pays.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Elements of a row; only for deciding how far to split.</param>
    /// <param name="body">Gets the first row, the row after the last, and the number of the range (below <see cref="Workers"/>).</param>
    public static void Run(long rows, long columns, Action<long, long, int> body)
    {
        var parts = rows * columns < SerialBelow ? 1 : (int)Math.Min(Workers, rows);
        if (parts <= 1)
        {
            body(0, rows, 0);
            return;
        }

        Parallel.For(0, parts, part => body(rows * part / parts, rows * (part + 1) / parts, part));
    }
}
