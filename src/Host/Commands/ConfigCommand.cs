using System.CommandLine;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny config check|show|schema</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create(GlobalOptions globals) => new("config", "Checks and explains configuration files.")
    {
        Check(globals),
        Show(globals),
        Schema(globals),
    };

    private static Command Check(GlobalOptions globals) => Explaining(
        globals, "check", "Checks a file: every problem is printed, with its place.", (run, output) => output.WriteLine($"{run.File.Path} is in order."));

    private static Command Show(GlobalOptions globals) => Explaining(
        globals, "show", "Prints the values a run would use, with the origin of each.", EffectiveValues.Write);

    private static Command Explaining(GlobalOptions globals, string name, string description, Action<RunContext, TextWriter> explain)
    {
        var config = ConfigArgument.Create();
        var command = new Command(name, description) { config };
        command.SetAction((result, _) => ApplicationHost.RunAsync(
            result.GetRequiredValue(config),
            result.GetValue(globals.Verbose),
            result.GetValue(globals.PluginFolders)!,
            (run, _, _) =>
            {
                explain(run, result.InvocationConfiguration.Output);
                return Task.FromResult(ExitCode.Success);
            }));
        return command;
    }

    private static Command Schema(GlobalOptions globals)
    {
        var command = new Command("schema", "Prints a JSON Schema of all keys, those of installed plugins included, for editors.");
        command.SetAction(result =>
        {
            var setup = HostSetup.Create(result.GetValue(globals.PluginFolders)!);
            var plugins = setup.Discover().List().Where(p => p.Status == Plugins.PluginStatus.Available);
            var output = new MemoryStream();
            JsonSchema.Write(new KeyTable(plugins.Select(p => p.AsOwner()).Prepend(setup.Keys.Owner)), output);
            result.InvocationConfiguration.Output.WriteLine(System.Text.Encoding.UTF8.GetString(output.ToArray()));
            return ExitCode.Success;
        });
        return command;
    }
}
