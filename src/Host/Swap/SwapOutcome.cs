namespace Neoteny.Host.Swap;

/// <summary>What became of a wish to swap.</summary>
/// <param name="Status">Whether it happened.</param>
/// <param name="Message">One line that says so.</param>
internal sealed record SwapOutcome(SwapStatus Status, string Message)
{
    /// <summary>The exit code of a command that asked for it.</summary>
    public int ExitCode { get; init; }

    /// <summary>Steps done when it happened.</summary>
    public int Step { get; init; }

    /// <summary>How long the training thread stood still for it, over all boundaries, the collections that free the old version included.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The longest that the training thread stood still at one boundary.</summary>
    public TimeSpan LongestPause { get; init; }

    /// <summary>Whether the load context of every version that went was freed; null where none went.</summary>
    public bool? OldIsFreed { get; init; }
}

/// <summary>How a wish to swap ended.</summary>
internal enum SwapStatus
{
    /// <summary>The new one runs.</summary>
    Swapped,

    /// <summary>The old one goes on; the message says why.</summary>
    Refused,

    /// <summary>The old one goes on, since the version found is not higher than it.</summary>
    NotNewer,

    /// <summary>The folder holds nothing that can be read as a plugin: it may still be written to.</summary>
    Unreadable,
}
