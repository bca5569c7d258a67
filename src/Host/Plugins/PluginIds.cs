namespace Neoteny.Host.Plugins;

/// <summary>How plugins are named: without case, and Neoteny's own also by the name of their package.</summary>
internal static class PluginIds
{
    /// <summary>What the packages of Neoteny's own plugins begin with: the plugin <c>Lora</c> is in the package <c>Neoteny.Lora</c>.</summary>
    public const string OwnPrefix = "Neoteny.";

    /// <summary>Whether a plugin is the one that somebody asks for.</summary>
    public static bool Matches(string id, string asked) => Same(id, asked) || Same(OwnPrefix + id, asked);

    private static bool Same(string first, string second) => first.Equals(second, StringComparison.OrdinalIgnoreCase);
}
