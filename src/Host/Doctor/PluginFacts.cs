using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Doctor;

/// <summary>The installed plugins and their status.</summary>
internal static class PluginFacts
{
    private const string Topic = "plugins";

    public static IEnumerable<Finding> Collect(HostSetup setup)
        => setup.Discover().List().Select(p => new Finding(Topic, $"{p.Id} {p.Version}", p.Status.ToString().ToLowerInvariant() + (p.Reason is { } reason ? $": {reason}" : "")));

    /// <summary>A check for each plugin that cannot be used.</summary>
    public static IEnumerable<CheckResult> Checks(HostSetup setup)
        => setup.Discover().List().Where(p => !p.IsUsable).Select(p => new CheckResult($"plugin {p.Id} {p.Version}", CheckState.Failed, p.Reason ?? p.Status.ToString()));
}
