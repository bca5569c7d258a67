using System.CommandLine;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins list</c>.</summary>
internal static class PluginsListCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var config = new Option<string?>("--config") { Description = "A YAML file: the plugins that it asks for are shown as active." };
        var command = new Command("list", "Lists the plugins on the search path: version, status, what they provide, where they are.") { config };
        command.SetAction(result =>
        {
            var setup = HostSetup.Create(result.GetValue(globals.PluginFolders)!);
            var catalog = setup.Discover();
            if (result.GetValue(config) is { } path)
            {
                Activate(catalog, RunFile.Load(path), setup);
            }

            PluginTable.Write(catalog, result.InvocationConfiguration.Output);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Activate(PluginCatalog catalog, RunFile file, HostSetup setup)
    {
        var selections = new PluginSelector(catalog, file).Select(setup.Keys.Owner);
        file.Problems.ThrowIfAny();
        foreach (var selection in selections)
        {
            catalog.MarkActive(selection.Plugin);
        }
    }
}
