using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Swap;

/// <summary>The points whose extensions hold state of a run, so that they stay as they are until it ends.</summary>
internal static class FixedPoints
{
    /// <summary>Those whose extensions take part in a run as soon as their plugin is loaded.</summary>
    private static readonly string[] AlwaysActive = ["quantizer", "offload", "parallelism"];

    /// <summary>What keeps a plugin from being exchanged, such as <c>adapter 'lora'</c>; null for nothing.</summary>
    /// <param name="manifest">The version in use.</param>
    /// <param name="inUse">What of it is in use.</param>
    public static string? Active(PluginManifest manifest, IReadOnlyList<(string Point, string Name)> inUse) =>
        Text(manifest.Provides.FirstOrDefault(p => AlwaysActive.Contains(p.PointLabel) || (p.PointLabel == "adapter" && inUse.Contains((p.PointLabel, p.Name)))));

    /// <summary>What a plugin that is brought into a run cannot begin to do in its middle; null for nothing.</summary>
    public static string? Late(PluginManifest manifest) => Text(manifest.Provides.FirstOrDefault(p => AlwaysActive.Contains(p.PointLabel)));

    /// <summary>How to use another plugin all the same.</summary>
    public static string Restart(RunContext run)
    {
        var own = PluginFolders.Resolve([]);
        var folders = string.Concat(run.Setup.PluginFolders.Where(f => !own.Contains(f)).Select(f => $" --plugin-dir {f}"));
        return $"Stop the run with Ctrl-C, which saves a checkpoint, set 'resume_from_checkpoint: true' in {run.File.Path}, and go on with: neoteny train {run.File.Path}{folders}";
    }

    private static string? Text(ProvidedName? provided) => provided is null ? null : $"{provided.PointLabel} '{provided.Name}'";
}
