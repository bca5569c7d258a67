namespace Neoteny.Benchmarks.Harness;

/// <summary>Samples of one quantity.</summary>
/// <param name="Group">What belongs together in the table.</param>
/// <param name="Name">The quantity.</param>
/// <param name="Unit">Its unit; <c>x</c> for ratios.</param>
/// <param name="Samples">All samples in the order of their rounds.</param>
/// <param name="Target">What the project asks for, in words; null where nothing is asked.</param>
internal sealed record Measurement(string Group, string Name, string Unit, IReadOnlyList<double> Samples, string? Target = null)
{
    public double P20 => Quantile(0.2);

    public double P50 => Quantile(0.5);

    public double P80 => Quantile(0.8);

    /// <summary>The ratios of two measurements round by round, so that what disturbs a whole round cancels.</summary>
    /// <param name="name">What to call them.</param>
    /// <param name="above">The numerators.</param>
    /// <param name="below">The denominators, of the same rounds.</param>
    /// <param name="target">What the project asks for.</param>
    public static Measurement Ratio(string name, Measurement above, Measurement below, string? target = null)
        => new(above.Group, name, "x", [.. above.Samples.Zip(below.Samples, static (a, b) => a / b)], target);

    private double Quantile(double q)
    {
        double[] sorted = [.. Samples.Order()];
        var place = q * (sorted.Length - 1);
        var below = (int)place;
        return below + 1 < sorted.Length ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}
