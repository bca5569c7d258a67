using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>A key whose value is the name of an implementation: <c>attn_implementation: sdpa</c>.</summary>
internal sealed record BackendDemand(string Key, Place Place, string PointLabel, string Name);

/// <summary>The keys that choose an implementation by name. The plugin that provides it is loaded for them.</summary>
internal static class BackendKeys
{
    private const string Attention = "attn_implementation";

    private static readonly (string Key, string PointLabel)[] Keys = [(Attention, "attention"), ("adapter", "adapter"), ("loss", "loss")];

    /// <summary>The implementations that a file asks for; of attention <c>auto</c> leaves the choice to the host.</summary>
    public static IEnumerable<BackendDemand> Demands(RunFile file) =>
        (from key in Keys
         let value = file.Root.Find(key.Key)?.Value as ScalarNode
         where value is not null && (key.Key != Attention || value.Text != "auto")
         select new BackendDemand(key.Key, value.Place, key.PointLabel, value.Text)).Concat(
        from key in AttentionOptions.Switches
        let value = file.Root.Find(key.Key)?.Value as ScalarNode
        where value is not null && value.Text.Equals("true", StringComparison.OrdinalIgnoreCase)
        select new BackendDemand(key.Key, value.Place, "attention", key.Value));
}
