namespace Neoteny.Host.Commands;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public static readonly int Success;

    public static readonly int Failure = 1;

    /// <summary>Bad usage or bad input.</summary>
    public static readonly int Usage = 2;

    /// <summary>Ended by Ctrl-C or SIGTERM before the work was done, as shells count the first: 128 and the number of SIGINT.</summary>
    public static readonly int Interrupted = 130;
}
