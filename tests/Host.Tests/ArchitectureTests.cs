using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Tests;

/// <summary>The reference rules that keep plugins replaceable.</summary>
public sealed class ArchitectureTests
{
    private static readonly string Repository = Root();

    [Fact]
    public void The_host_references_no_plugin()
    {
        var plugins = PluginProjects().Select(p => $"Neoteny.{Path.GetFileNameWithoutExtension(p)}");

        Assert.Empty(References("neoteny.dll").Intersect(plugins));
    }

    [Fact]
    public void The_host_runs_the_conformance_checks_without_xunit()
    {
        string[] assemblies = ["neoteny.dll", "Neoteny.Conformance.dll"];

        Assert.DoesNotContain(assemblies.SelectMany(References), r => r.StartsWith("xunit", StringComparison.OrdinalIgnoreCase) || r == "Neoteny.Conformance.Xunit");
    }

    [Fact]
    public void A_plugin_project_references_no_other_project()
    {
        var references =
            from project in PluginProjects()
            from reference in XDocument.Load(project).Descendants("ProjectReference")
            select $"{Path.GetFileName(project)} -> {reference.Attribute("Include")?.Value}";

        Assert.Empty(references);
    }

    [Fact]
    public void What_every_plugin_project_imports_references_contracts_and_runtime_only()
    {
        var references = XDocument.Load(Path.Combine(Repository, "eng/Plugin.props")).Descendants("ProjectReference").Select(r => Path.GetFileName(r.Attribute("Include")!.Value));

        Assert.Equal(["Abstractions.csproj", "Runtime.csproj"], references);
    }

    [Fact]
    public void Every_key_of_the_host_has_one_owner()
    {
        var keys = HostKeys.Read().Owner.Keys.SelectMany(k => k.Spellings).ToList();

        Assert.Contains("plugins", keys);
        Assert.Empty(keys.GroupBy(k => k).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    [Fact]
    public void Every_key_of_the_host_has_a_type_that_can_be_bound()
    {
        Assert.All(HostKeys.Read().Owner.Options.SelectMany(o => o.Keys), k => Assert.IsNotType<UnknownShape>(k.Shape));
    }

    [Fact]
    public void The_build_lays_out_plugins_with_their_private_dependencies_and_nothing_shared()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "fixture-plugins");
        var files = Directory.GetFiles(folder, "*.dll", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).ToList();

        Assert.Contains("Greeter/1.0.0/Words.dll", files);
        Assert.Contains("Greeter/1.2.0/Neoteny.Greeter.dll", files);
        Assert.All(files, f => Assert.Matches(@"^\w+/[\d.]+/(Neoteny\.\w+|Words|Indirection)\.dll$", f));
        Assert.DoesNotContain(files, f => Path.GetFileName(f) is "Neoteny.Abstractions.dll" or "Neoteny.Runtime.dll" or "TorchSharp.dll");
    }

    [Theory]
    [InlineData("Neoteny.Abstractions.dll", new string[0])]
    [InlineData("Neoteny.Runtime.dll", new[] { "Neoteny.Abstractions" })]
    [InlineData("Neoteny.Conformance.dll", new[] { "Neoteny.Abstractions", "Neoteny.Runtime" })]
    [InlineData("Neoteny.Models.dll", new[] { "Neoteny.Abstractions", "Neoteny.Runtime" })]
    [InlineData("Neoteny.Training.dll", new[] { "Neoteny.Abstractions", "Neoteny.Models", "Neoteny.Runtime" })]
    public void An_assembly_references_only_those_below_it(string assembly, string[] allowed)
    {
        Assert.Empty(References(assembly).Where(r => r.StartsWith("Neoteny.", StringComparison.Ordinal)).Except(allowed));
    }

    private static IEnumerable<string> PluginProjects() => Directory.GetFiles(Path.Combine(Repository, "plugins"), "*.csproj", SearchOption.AllDirectories);

    private static List<string> References(string assembly)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly)));
        var reader = file.GetMetadataReader();
        return [.. reader.AssemblyReferences.Select(r => reader.GetString(reader.GetAssemblyReference(r).Name))];
    }

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../.."));
}
