namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What <c>dotnet new</c> makes of the templates: plugins that build, pass conformance and load.</summary>
public sealed class TemplateTests(TemplateRepositories repositories) : IClassFixture<TemplateRepositories>
{
    [Fact]
    public void The_three_commands_of_the_README_make_a_plugin_that_passes_its_tests()
    {
        Assert.Equal(3, TemplateRepositories.Commands.Length);
        Assert.Matches(@"Passed!  - Failed: +0, Passed: +1\d, Skipped: +1, .*Acme\.Attention\.Tests\.dll", repositories.FirstTests);
    }

    [Fact]
    public void Every_other_template_builds_from_local_packages_alone_and_passes_conformance()
    {
        var output = repositories.TestOthers();

        Assert.Equal(6, TemplateRepositories.Points.Skip(1).Count());
        Assert.Contains("Test Run Successful.", output);
        Assert.DoesNotContain("Failed:", output);
        Assert.Matches(@"Total tests: (8|9)\d", output);
    }

    [Theory]
    [InlineData("attention")]
    [InlineData("loss")]
    [InlineData("module")]
    public void What_it_made_loads_in_the_host_and_passes_there_too(string point)
    {
        var result = NeotenyProgram.Run("plugins", "test", repositories.Plugin(point), "--dtype", "fp32").Succeeded();

        Assert.Contains($"'acme_{point}'", result.Output);
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
        var readme = repositories.Read(point, "README.md").Split('\n');

        Assert.Contains(line, readme);
        Assert.Contains($"plugins: [Acme.{char.ToUpperInvariant(point[0])}{point[1..]}]", readme);
    }
}
