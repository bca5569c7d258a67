using Microsoft.Extensions.Logging;

namespace Neoteny.Host.Plugins;

/// <summary>Hands a plugin's log lines to the host as finished texts.</summary>
/// <remarks>
/// The host's sinks cache by type what they are given. A state or an exception of a plugin's type would keep its load context alive for good.
/// </remarks>
internal sealed class PluginLogger(ILogger host) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => host.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var text = formatter(state, exception);
        host.Log(logLevel, eventId, exception is null ? text : $"{text}{Environment.NewLine}{exception}", null, static (s, _) => s);
    }
}
