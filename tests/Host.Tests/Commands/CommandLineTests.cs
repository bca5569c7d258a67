using System.Text.Json;
using Neoteny.Host.Commands;

namespace Neoteny.Host.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("neoteny-test-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [Fact]
    public async Task An_unknown_command_is_bad_usage()
    {
        Assert.Equal(2, await Run("tran"));

        Assert.Equal(["error: Unrecognized command or argument 'tran'.", "'neoteny --help' lists the commands and their options."], Lines(_error));
    }

    [Fact]
    public async Task A_missing_configuration_is_bad_input_and_shows_no_stack_trace()
    {
        var path = Path.Combine(_folder, "absent.yml");

        Assert.Equal(2, await Run("config", "check", path));

        Assert.Equal([$"error: There is no configuration file at {path}. Check the path, or start from a file in examples/."], Lines(_error));
    }

    [Fact]
    public async Task Verbose_adds_the_stack_trace()
    {
        Assert.Equal(2, await Run("config", "check", Path.Combine(_folder, "absent.yml"), "--verbose"));

        Assert.Contains("   at Neoteny.Host.Configuration.RunFile.Load", _error.ToString());
    }

    [Fact]
    public async Task A_missing_plugin_folder_is_bad_input()
    {
        Assert.Equal(2, await Run("plugins", "list", "--plugin-dir", Path.Combine(_folder, "absent")));

        Assert.Equal([$"error: --plugin-dir: there is no folder {Path.Combine(_folder, "absent")}."], Lines(_error));
    }

    [Fact]
    public async Task Problems_of_a_configuration_are_printed_with_exit_code_2()
    {
        var path = Write("banana: 1\nrelora: true");

        Assert.Equal(2, await Run("config", "check", path));

        Assert.StartsWith("error: ", _error.ToString());
        Assert.Contains($"{path}:1:1: unknown key 'banana'; 'neoteny config schema' lists the known ones", _error.ToString());
        Assert.Contains($"{path}:2:1: 'relora' is an Axolotl key that Neoteny does not support yet; remove it", _error.ToString());
        Assert.DoesNotContain("   at ", _error.ToString());
    }

    [Fact]
    public async Task Plugins_are_listed_with_status_and_reason()
    {
        Install("Overlapping/1.0.0");
        Install("Nosy/1.0.0");

        Assert.Equal(0, await Run("plugins", "list", "--plugin-dir", _folder));

        Assert.Equal(
            [
                "plugin       version  status        provides  location",
                $"Nosy         1.0.0    incompatible            {_folder}/Nosy/1.0.0",
                "  it reads the key 'nobody_owns_this', which neither Neoteny nor an installed plugin owns",
                $"Overlapping  1.0.0    available               {_folder}/Overlapping/1.0.0",
            ],
            Lines(_output));
    }

    [Fact]
    public async Task The_plugins_that_a_configuration_asks_for_are_listed_as_active()
    {
        Install("Overlapping/1.0.0");

        Assert.Equal(0, await Run("plugins", "list", "--config", Write("overlapping_depth: 2"), "--plugin-dir", _folder));

        Assert.Contains("Overlapping  1.0.0    active", _output.ToString());
    }

    [Fact]
    public async Task The_schema_is_JSON_and_knows_the_keys_of_plugins()
    {
        Install("Overlapping/1.0.0");

        Assert.Equal(0, await Run("config", "schema", "--plugin-dir", _folder));

        var properties = JsonDocument.Parse(_output.ToString()).RootElement.GetProperty("properties");
        Assert.Equal("How deep.", properties.GetProperty("overlapping_depth").GetProperty("description").GetString());
        Assert.Equal("integer", properties.GetProperty("overlapping_depth").GetProperty("anyOf")[0].GetProperty("type").GetString());
        Assert.True(properties.TryGetProperty("plugins", out _));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<int> Run(params string[] args) => CommandLine.RunAsync(args, _output, _error);

    private string Write(string yaml)
    {
        var path = Path.Combine(_folder, "run.yml");
        File.WriteAllText(path, yaml);
        return path;
    }

    private void Install(string plugin)
    {
        var target = Directory.CreateDirectory(Path.Combine(_folder, plugin)).FullName;
        foreach (var file in Directory.GetFiles(TestHost.FixturePath(plugin)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
    }

    private static string[] Lines(StringWriter writer) => writer.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
