namespace Neoteny.Models.Hub;

/// <summary>A request that failed in a way that may pass: it is tried again.</summary>
/// <param name="message">What happened.</param>
/// <param name="retryAfter">How long the hub asks to wait; null where it does not say.</param>
/// <param name="inner">The cause.</param>
internal sealed class HubTransferException(string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public TimeSpan? RetryAfter => retryAfter;
}
