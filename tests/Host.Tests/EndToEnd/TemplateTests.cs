namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What <c>dotnet new</c> makes of the templates: plugins that build, pass conformance and load.</summary>
[Collection(ThirdParties.Name)]
public sealed class TemplateTests(ThirdParties parties)
{
    [Fact]
    public void The_three_commands_of_the_README_make_a_plugin_that_passes_its_tests()
    {
        Assert.Equal(3, ThirdParties.Commands.Length);
        Assert.Matches(@"Passed!  - Failed: +0, Passed: +1\d, Skipped: +\d, .*Acme\.Attention\.Tests\.dll", parties.FirstTests);
    }

    [Fact]
    public void Every_other_template_builds_from_local_packages_alone_and_passes_conformance()
    {
        foreach (var point in ThirdParties.Points.Skip(1))
            Assert.Matches($@"(?i)Passed!  - Failed: +0, Passed: +[1-9]\d, .*Acme\.{point}\.Tests\.dll", parties.OtherTests);
    }

    [Theory]
    [InlineData("attention")]
    [InlineData("loss")]
    [InlineData("module")]
    [InlineData("adapter")]
    [InlineData("quantizer")]
    [InlineData("offload")]
    [InlineData("parallelism")]
    public void What_it_made_loads_in_the_host_and_passes_there_too(string point)
    {
        var result = NeotenyProgram.Run("plugins", "test", parties.Plugin(point), "--dtype", "fp32").Succeeded();

        Assert.Contains($"{point} 'acme_{point}'", result.Output);
        Assert.Matches("passed +It unloads after all checks", result.Output);
        Assert.Matches(@"\d+ passed, 0 failed", result.Output);
    }

    [Theory]
    [InlineData("attention", "attn_implementation: acme_attention")]
    [InlineData("loss", "loss: acme_loss")]
    [InlineData("adapter", "adapter: acme_adapter")]
    [InlineData("module", "# that is enough to use acme_module")]
    public void Its_README_says_how_to_use_it(string point, string line)
    {
        var name = $"Acme.{char.ToUpperInvariant(point[0])}{point[1..]}";
        var readme = File.ReadAllLines(parties.At($"{name}/README.md"));

        Assert.Contains(line, readme);
        Assert.Contains($"plugins: [{name}]", readme);
    }
}
