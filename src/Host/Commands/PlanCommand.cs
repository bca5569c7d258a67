using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Runs;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plan</c>.</summary>
internal static class PlanCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var config = ConfigArgument.Create();
        var command = new Command("plan", "Says what a run would do: which plugin, in which version, does what to which modules. Reads no weights, and downloads none.") { config };
        command.SetAction((result, _) => ApplicationHost.RunAsync(
            () => Configuration.RunFile.Load(result.GetRequiredValue(config)),
            ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true),
            result.GetValue(globals.PluginFolders)!,
            (run, services, stop) =>
            {
                var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("plan");
                foreach (var line in ModelPlan.Lines(run, log, stop))
                {
                    result.InvocationConfiguration.Output.WriteLine(line);
                }

                return Task.FromResult(ExitCode.Success);
            }));
        return command;
    }
}
