using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Collects what one run of a check finds.</summary>
public sealed class CheckRun
{
    private readonly int mostCases;

    /// <summary>How many failures are told one by one.</summary>
    public static readonly int MostFailures = 8;

    private readonly List<string> failures = [];
    private string? current;
    private int cases;
    private int casesThatTried;
    private int tried;
    private bool leftOut;
    private double? worstRatio;
    private string? worst;

    internal CheckRun(int mostCases = int.MaxValue) => this.mostCases = mostCases;

    internal string? Reason { get; set; }

    /// <summary>Runs one case inside a dispose scope and <c>no_grad</c>, as the host runs an implementation. What it throws is a failure.</summary>
    /// <param name="name">Names the case in failures.</param>
    /// <param name="body">Computes and compares.</param>
    public void Case(string name, Action body)
    {
        if (casesThatTried == mostCases)
        {
            leftOut = true;
            return;
        }

        var before = tried;
        (current, cases) = (name, cases + 1);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        try
        {
            body();
        }
        catch (Exception e) when (e is not CheckSkippedException)
        {
            Fail(Describe(e));
        }

        casesThatTried += tried > before ? 1 : 0;
        current = null;
    }

    /// <summary>Demands that a tensor equals another within a tolerance.</summary>
    /// <param name="what">Names the quantity.</param>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">The result; null fails.</param>
    /// <param name="tolerance">Largest norm of the difference relative to the norm of <paramref name="expected"/>.</param>
    /// <param name="floor">The least norm to be relative to, for what is zero up to rounding.</param>
    public void Close(string what, Tensor expected, Tensor? actual, double tolerance, double floor = 1e-3)
    {
        tried++;
        if (actual is null)
        {
            Fail($"{what}: missing");
            return;
        }

        if (!expected.shape.SequenceEqual(actual.shape))
        {
            Fail($"{what}: has shape [{string.Join(", ", actual.shape)}] instead of [{string.Join(", ", expected.shape)}]");
            return;
        }

        Judge(what, Comparison.Of(expected, actual, floor), tolerance);
    }

    /// <summary>Demands that a number equals another within a tolerance relative to the larger of it and <paramref name="floor"/>.</summary>
    public void Close(string what, double expected, double actual, double tolerance, double floor = 1)
    {
        tried++;
        Judge(what, Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), floor), tolerance);
    }

    /// <summary>Demands that two tensors agree in every bit.</summary>
    public void Same(string what, Tensor expected, Tensor? actual)
        => That(actual is not null && Comparison.SameBits(expected, actual), $"{what}: differs");

    /// <summary>Demands something.</summary>
    /// <param name="holds">Whether it holds.</param>
    /// <param name="otherwise">What to say where it does not.</param>
    public void That(bool holds, string otherwise)
    {
        tried++;
        if (!holds)
        {
            Fail(otherwise);
        }
    }

    /// <summary>Demands something of all cases together; in a brief run that left some out it cannot be told.</summary>
    internal void Overall(bool holds, string otherwise)
    {
        if (!leftOut)
        {
            That(holds, otherwise);
        }
    }

    /// <summary>Adds a failure.</summary>
    public void Fail(string message)
    {
        // What is said of all cases together means nothing where only some of them ran.
        if (current is not null || !leftOut)
        {
            failures.Add(current is null ? message : $"{current}: {message}");
        }
    }

    /// <summary>Ends the check: there is nothing to try.</summary>
    /// <param name="reason">Why, as half a sentence.</param>
    public void Skip(string reason) => throw new CheckSkippedException(reason);

    internal static string Describe(Exception e)
        => e is NeotenyException ? e.Message : $"threw {e.GetType().Name}: {e.Message.Split('\n', 2)[0].TrimEnd()}";

    internal void End()
    {
        if (tried == 0 && failures.Count == 0)
        {
            Fail("nothing was tried: every case was refused or left out");
        }
    }

    internal CheckResult Result(string name, TimeSpan elapsed) => new()
    {
        Name = name,
        Status = failures.Count > 0 ? CheckStatus.Failed : Reason is null ? CheckStatus.Passed : CheckStatus.Skipped,
        Failures = failures.Count <= MostFailures ? failures : [.. failures.Take(MostFailures), $"and {failures.Count - MostFailures} more"],
        Reason = failures.Count > 0 ? null : Reason,
        Cases = cases,
        WorstRatio = worstRatio,
        Worst = worst,
        Elapsed = elapsed,
    };

    private void Judge(string what, double error, double tolerance)
    {
        var ratio = double.IsNaN(error) ? double.PositiveInfinity : error / tolerance;
        var text = $"{what}: off by {error:g3}, at most {tolerance:g3}";
        if (worstRatio is null || ratio > worstRatio)
        {
            (worstRatio, worst) = (ratio, current is null ? text : $"{current}: {text}");
        }

        if (ratio > 1)
        {
            Fail(text);
        }
    }
}
