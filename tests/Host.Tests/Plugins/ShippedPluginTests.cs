using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Neoteny.Host.Tests.EndToEnd;
using Spectre.Console;

namespace Neoteny.Host.Tests.Plugins;

/// <summary>Every plugin that the host's build lays out beside it.</summary>
public sealed class ShippedPluginTests(Workspace workspace) : IClassFixture<Workspace>
{
    /// <summary>Kernels that refuse the CPU: here they are created and asked, on a GPU host their suites run (eng/gpu-test.sh).</summary>
    private static readonly string[] NeedsGpu = ["Flash", "Xformers"];

    private static string Folder => Path.Combine(Path.GetDirectoryName(NeotenyProgram.File)!, "plugins");

    public static TheoryData<string> Shipped => [.. Ids];

    private static IEnumerable<string> Ids => Directory.GetDirectories(Folder).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal);

    /// <summary>Each with its own configuration; one more with programs, which are compiled in the plugin and change nothing.</summary>
    public static IEnumerable<object?[]> Used =>
    [
        .. Ids.Select(id => new object?[] { id, null }),
        ["Flex", "attn_implementation: flex_attention\nflex_attention_mask: ['head >= 0 ? true : q == k']\nflex_attention_score: ['2f * score', 'score / 2f + Min(0, q - q) * 1f']\n"],
    ];

    [Fact]
    public void Every_plugin_of_the_repository_is_shipped()
    {
        var projects = Directory.GetFiles(Path.Combine(ThirdParties.Metadata("RepositoryRoot"), "plugins"), "*.csproj", SearchOption.AllDirectories).Select(p => Path.GetFileNameWithoutExtension(p));

        Assert.Equal(projects.Order(StringComparer.Ordinal), Ids);
        Assert.True(Ids.Count() >= 6);
    }

    [Theory]
    [MemberData(nameof(Used))]
    public void A_shipped_plugin_passes_its_suites_and_unloads_after_them(string id, string? config)
    {
        string[] options = config is null ? [] : ["--config", workspace.Write($"use-{id}.yml", config)];
        var result = NeotenyProgram.Run(["plugins", "test", id, "--dtype", "fp32", "--json", .. options]);

        var checks = JsonNode.Parse(result.Output)!.AsArray().Select(c => (Name: (string)c!["check"]!, Status: (string)c["status"]!, Failures: c["failures"]!.ToJsonString())).ToList();
        Assert.Contains(("It unloads after all checks", "passed", "[]"), checks);
        if (!NeedsGpu.Contains(id))
        {
            Assert.True(result.ExitCode == 0, string.Join('\n', checks.Where(c => c.Status == "failed")));
            Assert.True(checks.Count(c => c.Status == "passed") >= 10);
        }
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void A_shipped_plugin_loads_creates_its_extensions_and_unloads(string id)
    {
        using var log = new RecordedLog();
        var setup = Setup();
        var manifest = setup.Discover().OfId(id).First(p => p.IsUsable).Manifest!;
        var keys = manifest.Keys.Where(k => k.Required).Select(k => (k.Name, (string?)Sample(k)));
        using var run = RunContext.Open(workspace.Config($"unload-{id}", [("plugins", $"[{id}]"), .. keys]), setup, log);
        CreateExtensions(run);

        Assert.True(run.Plugins.Unload(id), string.Join('\n', log.Lines));
    }

    [Theory]
    [MemberData(nameof(Shipped))]
    public void A_shipped_plugin_uses_nothing_that_can_crash_the_process(string id) =>
        Assert.Empty(HazardCheck.Of(Setup().Discover().OfId(id).First(p => p.IsUsable).Manifest!));

    [Fact]
    public void The_plugins_of_a_training_run_unload_after_it() => CheckUnload("unload", [], ["CrossEntropy", "Lora", "Sdpa"]);

    [Fact]
    public void Fused_modules_and_their_loss_unload_after_a_training_run() => CheckUnload(
        "unload-fused",
        [("liger_rms_norm", "true"), ("liger_rope", "true"), ("liger_glu_activation", "true"), ("liger_fused_linear_cross_entropy", "true")],
        ["Liger", "Lora", "Sdpa"]);

    private void CheckUnload(string name, (string, string?)[] keys, string[] expected)
    {
        using var log = new RecordedLog();
        var config = workspace.Config(name, [.. Workspace.Lora, ("max_steps", "2"), .. keys]);
        using var run = RunContext.Open(config, Setup(), log);
        Train(run, log);
        var ids = run.Plugins.Plugins.Select(p => p.Manifest.Id).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(expected, ids);
        Assert.All(ids, id => Assert.True(run.Plugins.Unload(id), log.Lines[^1]));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CreateExtensions(RunContext run) => run.Plugins.CreateExtensions();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Train(RunContext run, RecordedLog log)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        Assert.Equal(2, new TrainRun(run, console, log.CreateLogger("train")).Execute(CancellationToken.None).Steps);
    }

    private static HostSetup Setup() => new(HostKeys.Read(), SharedAssemblies.OfHost(), [Folder]);

    private static string Sample(KeyInfo key) => key.Shape switch
    {
        IntegerShape or NumberShape => double.IsNegativeInfinity(key.Minimum) ? "1" : ScalarText.Write(key.Minimum),
        BooleanShape => "true",
        ChoiceShape choice => choice.Choices[0].Text,
        _ => "x",
    };
}
