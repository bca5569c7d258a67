using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests;

/// <summary>A host whose own keys are those of this assembly, with some fixture plugins installed in a folder of its own.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-test-").FullName;

    /// <param name="plugins">Fixture plugins as <c>Id/Version</c>.</param>
    public TestHost(params IEnumerable<string> plugins)
    {
        foreach (var plugin in plugins)
            Install(plugin);
        var keys = HostKeys.Read(AppContext.BaseDirectory, ["Neoteny.Host.Tests"]);
        Setup = new HostSetup(keys, SharedAssemblies.OfHost("Neoteny.Fixture.Contracts"), [PluginFolder]);
    }

    public HostSetup Setup { get; }

    public string PluginFolder => Path.Combine(folder, "plugins");

    public RecordedLog Log { get; } = new();

    public static string FixturePath(string plugin) => Path.Combine(AppContext.BaseDirectory, "fixture-plugins", plugin);

    /// <summary>Copies a fixture plugin to the plugin folder.</summary>
    public string Install(string plugin)
    {
        var target = Path.Combine(PluginFolder, plugin);
        Directory.CreateDirectory(target);
        foreach (var file in Directory.GetFiles(FixturePath(plugin)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        return target;
    }

    /// <summary>Opens a configuration; <c>base_model</c> is added.</summary>
    public RunContext Open(string yaml) => RunContext.Open(RunFile.Parse(yaml + "\nbase_model: model"), Setup, Log);

    /// <summary>The message with which a configuration is refused.</summary>
    public string Refuse(string yaml) => Assert.ThrowsAny<NeotenyException>(() => Open(yaml)).Message;

    /// <summary>The status line of a plugin.</summary>
    public InstalledPlugin Find(string plugin) => Setup.Discover().List().Single(p => $"{p.Id}/{p.Version}" == plugin);

    public void Dispose()
    {
        Setup.Shared.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
