using System.CommandLine;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins info</c>.</summary>
internal static class PluginsInfoCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = new Argument<string>("plugin") { Description = "The plugin's id, its version folder, or its assembly." };
        var version = new VersionOption("The version, or a range. By default the one that a configuration would get.");
        var command = new Command("info", "Describes a plugin: what it provides, its keys, its files.") { id, version };
        command.SetAction(result =>
        {
            var catalog = HostSetup.Create(result.GetValue(globals.PluginFolders)!).Discover();
            var plugin = Find(catalog, result.GetRequiredValue(id), version, result);
            PluginDescription.Write(plugin, catalog, result.InvocationConfiguration.Output);
            return ExitCode.Success;
        });
        return command;
    }

    private static InstalledPlugin Find(PluginCatalog catalog, string name, VersionOption version, ParseResult result)
    {
        if (name.Contains('/') || name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
        {
            return Path.Exists(name) ? catalog.Add(Path.GetFullPath(name)) : throw new InputException($"There is nothing at {Path.GetFullPath(name)}. Check the path.");
        }

        var range = version.Range(result);
        var versions = catalog.OfId(name).ToList();
        if (versions.Count == 0)
        {
            var ids = catalog.List().Select(p => p.Id).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
            var hint = Nearest.To(name, ids) is { } nearest ? $"Did you mean '{nearest}'?" : $"Installed: {string.Join(", ", ids.DefaultIfEmpty("none"))}.";
            throw new InputException($"The plugin '{name}' is not installed. {hint}");
        }

        var fitting = versions.Where(p => range is null || (p.Manifest is { } manifest && range.Satisfies(manifest.Version))).ToList();
        return fitting.Find(p => p.IsUsable) ?? fitting.FirstOrDefault()
            ?? throw new InputException($"No installed version of {name} satisfies '{result.GetValue(version)}'; installed: {string.Join(", ", versions.Select(v => v.Version))}.");
    }
}
