using System.Reflection;
using Neoteny.Configuration;
using Neoteny.Conformance;
using Neoteny.Plugins.Sdpa;

namespace Neoteny.Plugins.Tests.Broken;

/// <summary>Plugins as a whole: what stays after unloading, and keys that mean nothing.</summary>
public sealed class PluginSuiteTests
{
    private static readonly Assembly Tests = typeof(PluginSuiteTests).Assembly;

    [Fact]
    public void A_plugin_that_is_used_and_let_go_unloads()
    {
        string[] found = [];
        var result = Unload(typeof(SdpaAttention).Assembly, (plugin, tests) =>
        {
            Assert.NotSame(typeof(SdpaAttention).Assembly, plugin);
            found = [.. Call(plugin, tests, nameof(Uses))];
        });

        Assert.Equal((CheckStatus.Passed, "Causal"), (result.Status, Assert.Single(found)));
    }

    [Theory]
    [InlineData(nameof(HooksTheProcess))]
    [InlineData(nameof(StartsATimer))]
    [InlineData(nameof(StaysInAStatic))]
    public void A_plugin_that_hangs_itself_on_something_outside_is_caught(string how)
    {
        var result = Unload(Tests, (plugin, tests) => Call(plugin, tests, how));

        Assert.Equal(CheckStatus.Failed, result.Status);
        Assert.StartsWith("its load context is still alive: something of it is referred to by a static", Assert.Single(result.Failures), StringComparison.Ordinal);
        Hooks.Clear();
    }

    [Fact]
    public void Keys_whose_limits_the_host_would_not_heed_are_caught()
    {
        var check = Assert.Single(new PluginSuite(Tests).Run("Its keys say which values they take"));

        Assert.Equal(CheckStatus.Failed, check.Status);
        Assert.Equal(
            [
                "broken_name: Minimum and Maximum mean nothing for String, so any value is accepted",
                "broken_depth: Allowed means nothing for Int32, so any value is accepted",
                "broken_width: no number is from 3 to 2",
                "broken_kinds: a text is allowed twice",
            ],
            check.Failures);
    }

    /// <summary>What others outside of a load context hold on to.</summary>
    internal static List<object> Hooks => (List<object>)(AppContext.GetData(nameof(Hooks)) ?? Kept(new List<object>()));

    internal static string[] Uses() => [(new SdpaAttention().Supports & Neoteny.Attention.AttentionFeatures.Causal).ToString()];

    internal static string[] HooksTheProcess()
    {
        AppDomain.CurrentDomain.UnhandledException += static (_, _) => Uses();
        return [];
    }

    internal static string[] StartsATimer()
    {
        Hooks.Add(new Timer(static _ => Uses(), null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan));
        return [];
    }

    internal static string[] StaysInAStatic()
    {
        Hooks.Add(new BrokenOptions());
        return [];
    }

    private static CheckResult Unload(Assembly plugin, Action<Assembly, Assembly> use) => new ConformanceCheck("unloads", run => Unloading.Try(run, plugin, Tests, use)).Run();

    /// <summary>Calls a method of this class as the own context knows it.</summary>
    private static string[] Call(Assembly plugin, Assembly tests, string method)
        => (string[])tests.GetType(typeof(PluginSuiteTests).FullName!, throwOnError: true)!.GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.Invoke(null, [])!;

    private static List<object> Kept(List<object> hooks)
    {
        AppContext.SetData(nameof(Hooks), hooks);
        return hooks;
    }

    [Options]
    internal sealed record BrokenOptions
    {
        [Key("broken_name", Minimum = 1)]
        public string Name { get; init; } = "";

        [Key("broken_depth", Allowed = ["1"])]
        public int Depth { get; init; }

        [Key("broken_width", Minimum = 3, Maximum = 2)]
        public double? Width { get; init; }

        [Key("broken_kinds", Allowed = ["a", "b", "a"])]
        public IReadOnlyList<string> Kinds { get; init; } = [];

        [Key("sound_sizes", Minimum = 1)]
        public IReadOnlyList<int> Sizes { get; init; } = [];

        [Key("sound_kind", Allowed = ["a", "b"])]
        public string? Kind { get; init; }
    }
}
