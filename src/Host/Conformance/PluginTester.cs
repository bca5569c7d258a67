using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Neoteny.Conformance;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Conformance;

/// <summary>Runs the conformance suites on an installed plugin, in this process, and unloads it again.</summary>
/// <param name="setup">The host's keys and shared assemblies.</param>
/// <param name="logs">Where the plugin logs.</param>
internal sealed class PluginTester(HostSetup setup, ILoggerFactory logs)
{
    /// <summary>What the checks run on.</summary>
    public ConformanceSettings Settings { get; init; } = new();

    /// <summary>A text that the names of the checks to run contain; null for all.</summary>
    public string? Filter { get; init; }

    /// <summary>How to start a process that compiles the scripts of the assembly at a path.</summary>
    public required Func<string, ProcessStartInfo> CompileScripts { get; init; }

    /// <summary>Tests one plugin.</summary>
    /// <param name="catalog">Where it is listed.</param>
    /// <param name="plugin">A usable one.</param>
    /// <param name="config">The configuration that its options are bound from; null for the one that it carries.</param>
    /// <exception cref="InputException">The configuration has problems.</exception>
    /// <exception cref="NeotenyException">The plugin cannot be loaded.</exception>
    public IReadOnlyList<TestedSuite> Test(PluginCatalog catalog, InstalledPlugin plugin, string? config)
    {
        var file = ConformanceConfig.Open(config, plugin.Manifest!.AssemblyPath);
        file.Problems.ThrowIfAny();
        var keys = new KeyTable([setup.Keys.Owner, plugin.AsOwner()]);
        using var plugins = new PluginSet(catalog, setup.Shared, new OptionsBinder(file, keys), logs);
        var tested = TestLoaded(plugins, plugin, file, keys);
        CheckResult[] host = [.. Chosen([OptionRefusals.Check(plugin, keys), Unloads(plugins, plugin)])];
        return host.Length == 0 ? tested : [.. tested, new TestedSuite($"host: {plugin}", host)];
    }

    /// <summary>Not inlined, and hands back texts only, so that nothing of the plugin outlives it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private List<TestedSuite> TestLoaded(PluginSet plugins, InstalledPlugin plugin, RunFile file, KeyTable keys)
    {
        var loaded = plugins.Load(plugin, "its conformance is tested");
        file.Problems.ThrowIfAny();
        var tested = new List<TestedSuite>();
        foreach (var provided in plugin.Manifest!.Provides)
        {
            var point = LoadedPlugin.PointType(provided.Point);
            if (Suites.PointsOf(point).Any())
            {
                Add($"{provided.PointLabel} '{provided.Name}'", Suites.Of(point, () => loaded.CreateFresh(provided), Settings));
            }
        }

        Add($"plugin {plugin}", new PluginSuite(loaded.Assembly, CompileScripts));
        return tested;

        void Add(string title, ConformanceSuite suite)
        {
            if (suite.Run(Filter).ToList() is { Count: > 0 } results)
            {
                tested.Add(new TestedSuite(title, results));
            }
        }
    }

    private static ConformanceCheck Unloads(PluginSet plugins, InstalledPlugin plugin) => new("It unloads after all checks", run => Unloading.Judge(run, plugins.Unload(plugin.Id)));

    private IEnumerable<CheckResult> Chosen(IEnumerable<ConformanceCheck> checks)
        => checks.Where(c => Filter is null || c.Name.Contains(Filter, StringComparison.OrdinalIgnoreCase)).Select(c => c.Run());
}
