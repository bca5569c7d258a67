using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Swap;

/// <summary>Which versions of a plugin the configuration of a run accepts.</summary>
internal sealed class ConfiguredVersions(RunFile file, PluginCatalog catalog)
{
    private readonly List<PluginReference> references = [.. new PluginSelector(catalog, file.Anew()).References()];

    /// <summary>Why the configuration does not accept a plugin in place of the one loaded; null if it does.</summary>
    public string? Refuses(InstalledPlugin plugin, InstalledPlugin? loaded)
    {
        foreach (var reference in references)
        {
            if (reference.Path is { } path && path == loaded?.Path && path != plugin.Path)
            {
                return $"the configuration names the folder {path} ({reference.Place})";
            }

            var isMeant = reference.Id is { } id && PluginIds.Matches(plugin.Id, id);
            if (isMeant && reference.Range is { } range && !range.Satisfies(plugin.Manifest!.Version))
            {
                return $"the configuration accepts only '{reference.Text}' ({reference.Place})";
            }
        }

        return null;
    }
}
