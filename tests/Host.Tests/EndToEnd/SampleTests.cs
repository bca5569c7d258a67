using System.Xml.Linq;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>samples/ThirdParty.Attention, copied out of this repository and built against the packages alone.</summary>
[Collection(ThirdParties.Name)]
public sealed class SampleTests(ThirdParties parties, Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly string _root = ThirdParties.Metadata("RepositoryRoot");

    [Fact]
    public void It_passes_its_own_tests()
        => Assert.Matches(@"Passed!  - Failed: +0, Passed: +[23]\d, .*ThirdParty\.Attention\.Tests\.dll", parties.OtherTests);

    [Fact]
    public void It_passes_in_the_host_and_unloads()
    {
        var result = NeotenyProgram.Run("plugins", "test", Path.Combine(parties.SamplePlugins, "ThirdParty.Attention/0.1.0"), "--dtype", "fp32").Succeeded();

        Assert.Contains("attention 'blockwise'", result.Output);
        Assert.Matches("passed +It unloads after all checks", result.Output);
    }

    [Fact]
    public void A_run_computes_with_it_what_it_computes_without()
    {
        NeotenyProgram.Run("train", workspace.Config("own")).Succeeded();
        var trained = NeotenyProgram.Run("train", workspace.Config("sample", ("attn_implementation", "blockwise"), ("blockwise_keys", "7")), "--plugin-dir", parties.SamplePlugins).Succeeded();

        Assert.Contains("attention: blockwise (ThirdParty.Attention 0.1.0)", trained.Error);
        Assert.Equal(4, workspace.Losses("sample").Length);
        Assert.All(workspace.Losses("sample").Zip(workspace.Losses("own")), pair => Assert.InRange(pair.First - pair.Second, -1e-5, 1e-5));
    }

    [Fact]
    public void Projects_of_samples_reference_no_project_outside_of_their_sample()
    {
        var samples = Directory.GetDirectories(Path.Combine(_root, "samples"));
        var projects = samples.SelectMany(s => Directory.GetFiles(s, "*.csproj", SearchOption.AllDirectories).Select(p => (Sample: s, Project: p))).ToList();
        var outside =
            from pair in projects
            from reference in XDocument.Load(pair.Project).Descendants().Where(e => e.Name.LocalName is "ProjectReference" or "Reference" or "Compile" or "Import")
            let target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(pair.Project)!, (string?)reference.Attribute("Include") ?? (string?)reference.Attribute("Project") ?? ""))
            where !target.StartsWith(pair.Sample + "/", StringComparison.Ordinal)
            select $"{Path.GetFileName(pair.Project)} -> {target}";

        Assert.True(projects.Count >= 2);
        Assert.Empty(outside);
        Assert.All(samples, s => Assert.All(["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"], f => Assert.True(File.Exists(Path.Combine(s, f)), $"{s} inherits the repository's {f}: give it one of its own.")));
        Assert.DoesNotContain("samples/", File.ReadAllText(Path.Combine(_root, "Framework.sln")).Replace('\\', '/'));
    }
}
