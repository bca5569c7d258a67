using System.CommandLine;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Plugins.Packages;
using NuGet.Versioning;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins remove</c>.</summary>
internal static class PluginsRemoveCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = new Argument<string>("id") { Description = "The plugin." };
        var version = new VersionOption("Remove these versions only: 1.2.0, 1.*, [1.0,2.0). By default all.");
        var command = new Command("remove", "Removes a plugin that was installed. Runs that use it go on.") { id, version };
        command.SetAction(result =>
        {
            var store = new PluginStore(PluginFolders.Target(result.GetValue(globals.PluginFolders)!));
            var plugin = result.GetRequiredValue(id);
            var removed = Remove(store, plugin, version.Range(result));
            if (removed.Count == 0)
            {
                throw NothingToRemove(store, plugin, result.GetValue(version));
            }

            foreach (var folder in removed)
            {
                result.InvocationConfiguration.Output.WriteLine($"Removed {folder}");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static IReadOnlyList<string> Remove(PluginStore store, string id, VersionRange? range)
    {
        if (!Directory.Exists(store.Folder))
        {
            return [];
        }

        using var guard = store.Lock();
        return store.Remove(id, range);
    }

    private static InputException NothingToRemove(PluginStore store, string id, string? version)
    {
        var folders = PluginFolders.Resolve(Directory.Exists(store.Folder) ? [store.Folder] : []);
        var found = (HostSetup.Create([]) with { PluginFolders = folders }).Discover().OfId(id).ToList();
        var what = version is null ? id : $"{id}@{version}";
        return new InputException(found.Count == 0
            ? $"There is no plugin {id} in {store.Folder}. 'neoteny plugins list' shows what is installed."
            : $"There is no {what} in {store.Folder}; there is {string.Join(" and ", found.Select(p => $"{p} in {p.Path}"))}. Name the folder with --plugin-dir, or the version with --version.");
    }
}
