using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Benchmarks.Startup;

/// <summary>Times the loading of each plugin of a folder in this process.</summary>
internal static class PluginLoading
{
    public const string Name = "plugin-loading";

    /// <summary>The answer's times in the order of loading.</summary>
    public const string Milliseconds = "milliseconds";

    public static IReadOnlyDictionary<string, double[]> Measure(string folder)
    {
        var setup = HostSetup.Create([folder]);
        var catalog = setup.Discover();
        var file = RunFile.Load(Path.Combine(Harness.Repository.Root, "examples", "pretrain.yml"));
        using var plugins = new PluginSet(catalog, setup.Shared, new OptionsBinder(file, new KeyTable([setup.Keys.Owner])), NullLoggerFactory.Instance);
        var times = new List<double>();
        foreach (var plugin in catalog.List().Where(p => p.Status == PluginStatus.Available))
        {
            var start = Stopwatch.GetTimestamp();
            plugins.Load(plugin, "it is timed");
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return new Dictionary<string, double[]> { [Milliseconds] = [.. times] };
    }
}
