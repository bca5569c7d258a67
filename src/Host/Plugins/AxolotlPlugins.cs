namespace Neoteny.Host.Plugins;

/// <summary>The dotted names that Axolotl's files list under <c>plugins:</c>, and what stands for them here.</summary>
internal static class AxolotlPlugins
{
    private static readonly Dictionary<string, string[]> Ids = new()
    {
        ["axolotl.integrations.liger.LigerPlugin"] = ["Neoteny.Liger"],
        ["axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"] = ["Neoteny.CCE"],
        // One there, several here: their keys (use_scattermoe, use_sonicmoe) say which to load.
        ["axolotl.integrations.kernels.KernelsPlugin"] = [],
    };

    /// <summary>The dotted names with a counterpart.</summary>
    public static IEnumerable<string> Names => Ids.Keys;

    /// <summary>The plugins that a dotted name stands for: none where keys decide; null for a name without a counterpart.</summary>
    public static IReadOnlyList<string>? Find(string name) => Ids.GetValueOrDefault(name);

    /// <summary>Whether it is such a name.</summary>
    public static bool IsDotted(string name) => name.StartsWith("axolotl.", StringComparison.Ordinal);
}
