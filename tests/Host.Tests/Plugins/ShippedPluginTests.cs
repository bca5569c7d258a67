using System.Runtime.CompilerServices;
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
    private static string Folder => Path.Combine(Path.GetDirectoryName(NeotenyProgram.File)!, "plugins");

    public static TheoryData<string> Shipped => [.. Ids];

    private static IEnumerable<string> Ids => Directory.GetDirectories(Folder).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal);

    [Fact]
    public void There_are_shipped_plugins() => Assert.Superset(new HashSet<string> { "CrossEntropy", "Lora", "Sdpa" }, Ids.ToHashSet());

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
