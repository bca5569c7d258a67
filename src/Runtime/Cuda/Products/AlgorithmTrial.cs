namespace Neoteny.Runtime.Cuda.Products;

/// <summary>Finds the fastest of several algorithms for one kind of work while that work goes on: each is used a few times in turn, then the best for ever.</summary>
/// <param name="count">How many there are.</param>
internal sealed class AlgorithmTrial(int count)
{
    /// <summary>The first use of an algorithm may load it, and tells nothing.</summary>
    private const int Rounds = 3;

    private readonly double[] best = [.. Enumerable.Repeat(double.PositiveInfinity, count)];
    private int given;
    private int reported;

    /// <summary>The fastest, once settled; the first before.</summary>
    public int Best { get; private set; }

    /// <summary>Whether all that was given out has been reported, so that <see cref="Best"/> stays.</summary>
    public bool IsSettled => count == 1 || reported == Rounds * count;

    /// <summary>Which to use next.</summary>
    /// <param name="isTimed">Whether its time is to be reported.</param>
    public int Next(out bool isTimed)
    {
        isTimed = count > 1 && given < Rounds * count;
        return isTimed ? given++ % count : Best;
    }

    /// <summary>Takes the times of what was given out, in that order; infinity for what could not be used.</summary>
    public void Report(double milliseconds)
    {
        var algorithm = reported % count;
        if (reported >= count && milliseconds < best[algorithm])
            best[algorithm] = milliseconds;
        reported++;
        if (IsSettled)
            Best = Array.IndexOf(best, best.Min());
    }
}
