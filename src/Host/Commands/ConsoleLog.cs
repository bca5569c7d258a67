using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace Neoteny.Host.Commands;

/// <summary>The log on the console: plain lines on standard error, so that standard output is the command's result alone.</summary>
internal static class ConsoleLog
{
    /// <summary>A logger of that detail.</summary>
    /// <param name="verbose">Whether to log everything.</param>
    /// <param name="quiet">Whether to log nothing but warnings and errors, unless <paramref name="verbose"/>.</param>
    public static Logger Create(bool verbose, bool quiet = false) => new LoggerConfiguration()
        .MinimumLevel.Is(verbose ? LogEventLevel.Debug : quiet ? LogEventLevel.Warning : LogEventLevel.Information)
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .WriteTo.Console(new Formatter(verbose), standardErrorFromLevel: LogEventLevel.Verbose)
        .CreateLogger();

    private sealed class Formatter(bool verbose) : ITextFormatter
    {
        private readonly MessageTemplateTextFormatter line = new(
            verbose ? "{Timestamp:HH:mm:ss.fff} {SourceContext} {Message:lj}{NewLine}{Exception}" : "{Message:lj}{NewLine}");

        public void Format(LogEvent logEvent, TextWriter output)
        {
            output.Write(logEvent.Level switch
            {
                LogEventLevel.Warning => "warning: ",
                LogEventLevel.Error or LogEventLevel.Fatal => "error: ",
                _ => "",
            });
            line.Format(logEvent, output);
        }
    }
}
