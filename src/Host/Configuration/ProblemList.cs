namespace Neoteny.Host.Configuration;

/// <summary>Collects the problems of one configuration file, so that all of them are printed at once, in the file's order.</summary>
internal sealed class ProblemList
{
    private readonly HashSet<Problem> problems = [];

    public IEnumerable<Problem> Errors => Sorted(isError: true);

    public IEnumerable<Problem> Warnings => Sorted(isError: false);

    public bool HasErrors => problems.Any(p => p.IsError);

    /// <summary>Adds an error; the same one twice counts once.</summary>
    public void Add(Place place, string message) => problems.Add(new Problem(place, message, IsError: true));

    /// <summary>Adds a warning.</summary>
    public void Warn(Place place, string message) => problems.Add(new Problem(place, message, IsError: false));

    /// <summary>Adds what another list holds.</summary>
    public void AddRange(ProblemList other) => problems.UnionWith(other.problems);

    /// <summary>Ends the run with every error, one a line.</summary>
    /// <exception cref="InputException">There is an error.</exception>
    public void ThrowIfAny()
    {
        if (HasErrors)
            throw new InputException(string.Join(Environment.NewLine, Errors));
    }

    private IEnumerable<Problem> Sorted(bool isError) => problems.Where(p => p.IsError == isError).OrderBy(p => p.Place);
}
