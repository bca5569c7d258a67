namespace Neoteny.Models.Hub;

/// <summary>A request that failed in a way that may pass: it is tried again.</summary>
/// <param name="message">What happened.</param>
/// <param name="retryAfter">How long the hub asks to wait; null where it does not say.</param>
/// <param name="inner">The cause.</param>
/// <param name="isFinal">Whether trying again at once is of no use: a host without an address.</param>
internal sealed class HubTransferException(string message, TimeSpan? retryAfter = null, Exception? inner = null, bool isFinal = false) : Exception(message, inner)
{
    public bool IsFinal => isFinal;

    public TimeSpan? RetryAfter => retryAfter;
}
