using System.Text.Json.Nodes;
using Neoteny.Host.Commands;

namespace Neoteny.Host.Tests;

public sealed class PluginsTestCommandTests
{
    private static readonly string Plugins = Path.Combine(Path.GetFullPath(HostFolder()), "plugins");

    [Fact]
    public async Task A_shipped_plugin_passes_and_unloads()
    {
        var (code, output, error) = await Run("Lora");
        Assert.Equal("", error);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("adapter 'lora'", output, StringComparison.Ordinal);
        Assert.Matches("passed +Bad values are refused by key", output);
        Assert.Matches("passed +It unloads after all checks", output);
        Assert.Matches(@"\n\d+ checks in \d+\.\d s: \d+ passed, 0 failed, \d+ skipped\.", output);
    }

    [Fact]
    public async Task A_filter_a_dtype_and_a_path_narrow_the_checks_and_json_has_their_numbers()
    {
        var (code, output, _) = await Run(Path.Combine(Plugins, "CrossEntropy", "0.1.0"), "--filter", "agree with the reference", "--dtype", "fp32", "--json");
        Assert.Equal(ExitCode.Success, code);
        var checks = JsonNode.Parse(output)!.AsArray();
        Assert.Equal(["Loss and gradients agree with the reference", "Large vocabularies agree with the reference"], checks.Select(c => (string)c!["check"]!));
        Assert.All(checks, c => Assert.Equal(("loss 'cross_entropy'", "passed"), ((string)c!["suite"]!, (string)c["status"]!)));
        Assert.All(checks, c => Assert.InRange((double)c!["worst_of_tolerance"]!, 1e-6, 1));
    }

    [Fact]
    public async Task Options_under_which_an_adapter_does_nothing_fail_with_a_code()
    {
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, "adapter: lora\nlora_r: 2\nlora_alpha: 4\nlora_target_modules: [nowhere]\n");
        var (code, output, _) = await Run("Lora", "--config", config, "--filter", "Claims are sites");
        File.Delete(config);
        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains("FAILED   Claims are sites that can carry a delta", output, StringComparison.Ordinal);
        Assert.Contains("plain, Float32: lora_target_modules: 'nowhere' matches no linear module", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("error: the plugin 'Loro' is not installed; did you mean 'Lora'?", "Loro")]
    [InlineData("error: --filter: no check's name contains 'xyz'.", "CrossEntropy", "--filter", "xyz")]
    [InlineData("error: Argument 'int8' not recognized.", "Lora", "--dtype", "int8")]
    public async Task What_cannot_be_tested_is_a_usage_error(string message, params string[] arguments)
    {
        var (code, _, error) = await Run(arguments);
        Assert.Equal(ExitCode.Usage, code);
        Assert.StartsWith(message, error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.RunAsync(["plugins", "test", .. arguments, "--plugin-dir", Plugins], output, error);
        return (code, output.ToString(), error.ToString());
    }

    private static string HostFolder()
        => typeof(PluginsTestCommandTests).Assembly.GetCustomAttributesData().Where(a => a.AttributeType == typeof(System.Reflection.AssemblyMetadataAttribute))
            .Where(a => (string?)a.ConstructorArguments[0].Value == "HostFolder").Select(a => (string)a.ConstructorArguments[1].Value!).First();
}
