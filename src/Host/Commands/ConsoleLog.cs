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
    public static Logger Create(bool verbose) => new LoggerConfiguration()
        .MinimumLevel.Is(verbose ? LogEventLevel.Debug : LogEventLevel.Information)
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .WriteTo.Console(new Formatter(verbose), standardErrorFromLevel: LogEventLevel.Verbose)
        .CreateLogger();

    private sealed class Formatter(bool verbose) : ITextFormatter
    {
        private readonly MessageTemplateTextFormatter _line = new(
            verbose ? "{Timestamp:HH:mm:ss.fff} {SourceContext} {Message:lj}{NewLine}{Exception}" : "{Message:lj}{NewLine}");

        public void Format(LogEvent logEvent, TextWriter output)
        {
            output.Write(logEvent.Level switch
            {
                LogEventLevel.Warning => "warning: ",
                LogEventLevel.Error or LogEventLevel.Fatal => "error: ",
                _ => "",
            });
            _line.Format(logEvent, output);
        }
    }
}
