namespace Neoteny.Benchmarks.Harness;

/// <summary>What a benchmark found.</summary>
internal sealed record Report
{
    /// <summary>What was measured, as a heading.</summary>
    public required string Title { get; init; }

    /// <summary>How, in two sentences.</summary>
    public required string Method { get; init; }

    /// <summary>The measurements in the order of the table.</summary>
    public required IReadOnlyList<Measurement> Measurements { get; init; }

    /// <summary>Facts beside the numbers.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
