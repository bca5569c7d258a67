using System.IO.Compression;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>A plugin of a few lines in a repository of its own, made from Neoteny's packages alone.</summary>
[Collection(ThirdParties.Name)]
public sealed class ThirdPartyTests(ThirdParties parties, Workspace workspace) : IClassFixture<Workspace>
{
    [Fact]
    public void A_plugin_of_a_few_lines_builds_packs_installs_and_trains()
    {
        var project = parties.At(NormProject.Id);

        // The build laid it out, with its private dependency and nothing that the host shares.
        var laidOut = Path.Combine(project, "bin/plugins/Acme.Norm/1.3.0");
        string[] files = ["Acme.Norm.deps.json", "Acme.Norm.dll", "Acme.Norm.pdb", "README.md", "YamlDotNet.dll"];
        Assert.Equal(files, Directory.GetFiles(laidOut).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("TorchSharp", File.ReadAllText(Path.Combine(laidOut, "Acme.Norm.deps.json")));
        var package = Path.Combine(project, "bin/Release/Acme.Norm.1.3.0.nupkg");
        using (var archive = ZipFile.OpenRead(package))
            Assert.Equal(files, archive.Entries.Where(e => e.FullName.StartsWith("plugin/", StringComparison.Ordinal)).Select(e => e.Name).Order(StringComparer.Ordinal));

        var plugins = Directory.CreateDirectory(workspace.At("installed")).FullName;
        var installed = NeotenyProgram.RunApart("plugins", "install", package, "--plugin-dir", plugins).Succeeded();
        Assert.StartsWith($"Installed Acme.Norm 1.3.0 in {plugins}/Acme.Norm/1.3.0\nIt provides module acme_norm.\n", installed.Output);

        NeotenyProgram.Run("train", workspace.Config("without", ("max_steps", "2"))).Succeeded();
        var trained = NeotenyProgram.RunApart("train", workspace.Config("with", ("max_steps", "2"), ("plugins", "[Acme.Norm@1.*]")), "--plugin-dir", plugins).Succeeded();
        var unpacked = NeotenyProgram.Run("plan", workspace.Config("unpacked", ("plugins", "[Acme.Norm]")), "--plugin-dir", Path.Combine(project, "bin/plugins")).Succeeded();

        Assert.Contains("override: acme_norm (Acme.Norm 1.3.0) at model.layers.{0,1}.{input_layernorm,post_attention_layernorm}, model.norm", trained.Error);
        Assert.Contains("override: acme_norm (Acme.Norm 1.3.0)", unpacked.Output);
        Assert.All(workspace.Losses("with").Zip(workspace.Losses("without")), pair => Assert.InRange(pair.First - pair.Second, -1e-4, 1e-4));
    }

    [Fact]
    public void A_member_of_TorchSharp_that_can_crash_is_a_compile_error_for_third_parties()
    {
        var output = DotNetCommand.Fail(parties.At(NormProject.HazardousId), "build", "-c", "Release", "--no-restore");

        Assert.Contains("error RS0030", output);
        Assert.Contains("use add(x, Scalars.One)", output);
    }
}
