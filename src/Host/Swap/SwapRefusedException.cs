namespace Neoteny.Host.Swap;

/// <summary>A swap is not made; the message is the reason, without plugin code's exceptions, which would keep its load context alive.</summary>
internal sealed class SwapRefusedException(string reason, SwapStatus status = SwapStatus.Refused) : Exception(reason)
{
    /// <summary>How the wish ended.</summary>
    public SwapStatus Status => status;

    /// <summary>The exit code of a command that asked for it.</summary>
    public int ExitCode { get; init; } = 1;
}
