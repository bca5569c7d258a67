namespace Neoteny.Conformance;

/// <summary>What a check found. Texts and numbers only: it holds on to nothing of the implementation.</summary>
public sealed class CheckResult
{
    /// <summary>The check's name: a sentence.</summary>
    public required string Name { get; init; }

    /// <summary>How it ended.</summary>
    public required CheckStatus Status { get; init; }

    /// <summary>What went wrong, one line each, with the case and the numbers; at most <see cref="CheckRun.MostFailures"/> and a line that counts the rest.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>Why it was skipped, as half a sentence; null where it was not.</summary>
    public string? Reason { get; init; }

    /// <summary>Cases run.</summary>
    public int Cases { get; init; }

    /// <summary>The largest error relative to its tolerance: above 1 fails. Null where the check compares no numbers.</summary>
    public double? WorstRatio { get; init; }

    /// <summary>Where the largest error was: case, quantity, error and tolerance.</summary>
    public string? Worst { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; init; }
}
