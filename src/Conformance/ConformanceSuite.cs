namespace Neoteny.Conformance;

/// <summary>The checks of one implementation of one extension point.</summary>
public abstract class ConformanceSuite
{
    private readonly List<ConformanceCheck> checks = [];

    private protected ConformanceSuite(string point, ConformanceSettings? settings) => (Point, Settings) = (point, settings ?? new ConformanceSettings());

    /// <summary>The extension point as users know it, such as <c>attention</c>.</summary>
    public string Point { get; }

    /// <summary>What the suite runs on.</summary>
    public ConformanceSettings Settings { get; }

    /// <summary>Its checks, in the order of their interest.</summary>
    public IReadOnlyList<ConformanceCheck> Checks => checks;

    /// <summary>Runs the checks whose names contain a text.</summary>
    /// <param name="filter">The text, compared without case; null for all.</param>
    public IEnumerable<CheckResult> Run(string? filter = null)
        => checks.Where(c => filter is null || c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).Select(c => c.Run());

    /// <summary>Runs the first cases of every check: enough to have called the implementation in every way, not enough to trust it.</summary>
    /// <param name="cases">How many of each check.</param>
    public IEnumerable<CheckResult> RunBriefly(int cases = 3) => checks.Select(c => c.Run(cases));

    private protected void Add(string name, Action<CheckRun> body) => checks.Add(new ConformanceCheck(name, body));
}
