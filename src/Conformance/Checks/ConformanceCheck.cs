using System.Diagnostics;

namespace Neoteny.Conformance;

/// <summary>One rule that an implementation must keep, tried over all its cases.</summary>
/// <remarks>Runs on the calling thread. It reports failures instead of throwing, whatever the implementation throws.</remarks>
public sealed class ConformanceCheck
{
    private readonly Action<CheckRun> body;

    /// <summary>Creates a check.</summary>
    /// <param name="name">A sentence that says the rule.</param>
    /// <param name="body">Tries it.</param>
    public ConformanceCheck(string name, Action<CheckRun> body) => (Name, this.body) = (name, body);

    /// <summary>The rule, as a sentence.</summary>
    public string Name { get; }

    /// <summary>Tries the rule.</summary>
    public CheckResult Run() => Run(int.MaxValue);

    internal CheckResult Run(int mostCases)
    {
        var run = new CheckRun(mostCases);
        var watch = Stopwatch.StartNew();
        try
        {
            body(run);
            run.End();
        }
        catch (CheckSkippedException skipped)
        {
            run.Reason = skipped.Message;
        }
        catch (Exception e)
        {
            run.Fail(CheckRun.Describe(e));
        }

        return run.Result(Name, watch.Elapsed);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
