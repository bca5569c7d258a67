using System.Reflection;
using Neoteny.Host.Plugins;
using NuGet.Versioning;

namespace Neoteny.Host.Tests.Plugins;

/// <summary>Below 1.0 a minor version of the contracts may break plugins, and says from which version on it takes them.</summary>
public sealed class OldestContractsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-contracts-").FullName;

    [Theory]
    [InlineData("0.0.9", "it is built for Neoteny.Abstractions 0.0 and this host takes 0.1 to 0.2; install a version of the plugin that is built for 0.2")]
    [InlineData("0.1.7", null)]
    [InlineData("0.2.0", null)]
    [InlineData("0.3.0", "it needs Neoteny.Abstractions 0.3 and this host has 0.2; update Neoteny, or install an older version of the plugin")]
    [InlineData("1.0.0", "it is built for Neoteny.Abstractions 1.0 and this host has 0.2; install a version of the plugin that is built for 0.2")]
    public void A_host_takes_plugins_from_its_oldest_contracts_on(string builtFor, string? reason)
    {
        EmittedPlugin.WriteContracts(folder, new Version(0, 2, 0, 0), "0.1");
        var manifest = Plugin(builtFor);
        using var shared = new SharedAssemblies(folder, ["Neoteny.Abstractions"]);

        var plugin = new Preflight(shared, new HashSet<string>()).Check(folder, manifest);

        Assert.Equal((reason is null ? PluginStatus.Available : PluginStatus.Incompatible, reason), (plugin.Status, plugin.Reason));
    }

    [Theory]
    [InlineData("Neoteny.Abstractions")]
    [InlineData("Neoteny.Runtime")]
    public void The_contracts_of_this_host_say_which_plugins_they_take(string name)
    {
        using var contracts = MetadataAssembly.Open(Path.Combine(AppContext.BaseDirectory, $"{name}.dll"));

        Assert.Equal(new Version(0, 0), OldestContracts.Of(contracts));
        Assert.Equal(Assembly.Load(name).GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "OldestContracts").Value, OldestContracts.Of(contracts)!.ToString());
    }

    [Fact]
    public void Contracts_that_do_not_say_take_all_of_their_major_version()
    {
        EmittedPlugin.WriteContracts(folder, new Version(0, 2, 0, 0), oldest: null);
        var manifest = Plugin("0.0.9");
        using var shared = new SharedAssemblies(folder, ["Neoteny.Abstractions"]);

        Assert.Equal(PluginStatus.Available, new Preflight(shared, new HashSet<string>()).Check(folder, manifest).Status);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private PluginManifest Plugin(string builtFor) =>
        new("Built", NuGetVersion.Parse("1.0.0"), EmittedPlugin.WriteReferring(Path.Combine(folder, "plugin"), Version.Parse(builtFor)));
}
