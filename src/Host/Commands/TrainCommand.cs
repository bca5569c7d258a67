using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Runs;
using Neoteny.Host.Swap;
using Spectre.Console;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny train</c>.</summary>
internal static class TrainCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var config = ConfigArgument.Create();
        var watch = new Option<bool>("--watch-plugins") { Description = "Swap newer versions of the run's plugins in between two steps, as they are installed or built." };
        var command = new Command("train", "Trains as a YAML file says. Ctrl-C finishes the step, saves a checkpoint and ends.") { config, watch };
        command.SetAction((result, _) => ApplicationHost.RunAsync(
            result.GetRequiredValue(config),
            result.GetValue(globals.Verbose),
            result.GetValue(globals.PluginFolders)!,
            (run, services, stop) =>
            {
                var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(result.InvocationConfiguration.Output) });
                if (!console.Profile.Out.IsTerminal)
                {
                    // Nobody looks: lines must not be broken where a terminal would end.
                    console.Profile.Width = ushort.MaxValue;
                }

                var outcome = new TrainRun(run, console, services.GetRequiredService<ILoggerFactory>().CreateLogger("train"))
                {
                    Watch = result.GetValue(watch) ? WatchTimes.Usual : null,
                }.Execute(stop);
                return Task.FromResult(outcome.Stopped ? ExitCode.Interrupted : ExitCode.Success);
            }));
        return command;
    }
}
