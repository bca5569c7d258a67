using System.CommandLine;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Serilog.Extensions.Logging;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins list</c>.</summary>
internal static class PluginsListCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var config = new Option<string?>("--config") { Description = "A YAML file: the plugins that it asks for are loaded, and shown as active, or as faulty with the reason." };
        var command = new Command("list", "Lists the plugins on the search path: version, status, what they provide, where they are.") { config };
        command.SetAction(result =>
        {
            var setup = HostSetup.Create(result.GetValue(globals.PluginFolders)!);
            var (catalog, output) = (setup.Discover(), result.InvocationConfiguration.Output);
            if (result.GetValue(config) is not { } path)
            {
                PluginTable.Write(catalog, output);
                return ExitCode.Success;
            }

            var file = RunFile.Load(path);
            Try(catalog, file, setup, result.GetValue(globals.Verbose));
            PluginTable.Write(catalog, output);
            if (!BackendKeys.Demands(file).Any(d => d.PointLabel == "attention"))
            {
                output.WriteLine($"The attention kernel is chosen when the model is known: 'neoteny plan {path}' says which one.");
            }

            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Apart from the action, so that a plain list does not load what logs.</summary>
    private static void Try(PluginCatalog catalog, RunFile file, HostSetup setup, bool verbose)
    {
        using var log = ConsoleLog.Create(verbose, quiet: true);
        using var logs = new SerilogLoggerFactory(log);
        PluginTrial.Run(catalog, file, setup, logs);
    }
}
