using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Neoteny.Attention;
using Neoteny.Conformance;
using Neoteny.Fixture;
using Neoteny.Host.Configuration;
using Neoteny.Host.Tests.Swap;
using Neoteny.Runtime.Native;
using Neoteny.Tests;
using TorchSharp;

namespace Neoteny.Host.Tests.Plugins;

public sealed class UnloadTests
{
    private const string Everything = "greeter_name: moon\ngreeter_mood: very_loud\ngreeter_languages: [{code: de}]";

    [Fact]
    public void A_used_plugin_leaves_no_load_context_behind()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open(Everything);
        Use(run);

        Assert.True(run.Plugins.Unload("Greeter"));
        Assert.Empty(run.Plugins.Plugins);
    }

    [Fact]
    public void Unloading_reports_an_instance_that_is_still_held()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open(Everything);
        var held = run.Plugins.Get<IGreeting>("hello");

        Assert.False(run.Plugins.Unload("Greeter"));

        Assert.Equal("Warning: Plugin Greeter is unloaded, but something still refers to it: its memory is not freed", host.Log.Lines[^1]);
        GC.KeepAlive(held);
    }

    [Fact]
    public void A_hundred_loads_of_one_plugin_leave_nothing_behind()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open("");

        AssertNothingStays(run, "Greeter", Use);
    }

    [Fact]
    public void A_hundred_loads_of_a_shipped_kernel_that_computes_leave_nothing_behind()
    {
        LibTorch.Load();
        using var host = new TestHost();
        using var run = RunContext.Open(RunFile.Parse("base_model: model"), host.Setup with { PluginFolders = [LiveTest.OwnPlugins] }, host.Log);

        AssertNothingStays(run, "Sdpa", Attend);
    }

    [Fact]
    public void A_plugin_that_hangs_itself_on_an_event_of_the_process_is_reported()
    {
        using var host = new TestHost("Leaking/1.0.0");
        using var run = host.Open("plugins: [Leaking]");
        Greet(run, "leaking");

        Assert.False(run.Plugins.Unload("Leaking"));

        Assert.Equal("Warning: Plugin Leaking is unloaded, but something still refers to it: its memory is not freed", host.Log.Lines[^1]);
    }

    [Fact]
    public void A_tensor_that_a_plugin_keeps_goes_with_it()
    {
        LibTorch.Load();
        using var host = new TestHost("Hoarding/1.0.0");
        using var run = host.Open("plugins: [Hoarding]");
        var before = LiveTensors.Count();
        Greet(run, "hoarding");
        Assert.Equal(before + 1, torch.Tensor.TotalCount);

        Assert.True(run.Plugins.Unload("Hoarding"));

        Assert.Equal(before, LiveTensors.Count());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Greet(RunContext run, string name) => Assert.NotEmpty(run.Plugins.Get<IGreeting>(name).Greet());

    private static void AssertNothingStays(RunContext run, string id, Action<RunContext> use)
    {
        Cycle(run, id, use, 5);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (contexts, tensors) = (AssemblyLoadContext.All.Count(), LiveTensors.Count());

        Cycle(run, id, use, 100);

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 5_000_000);
        Assert.Equal((contexts, tensors), (AssemblyLoadContext.All.Count(), LiveTensors.Count()));
    }

    private static void Cycle(RunContext run, string id, Action<RunContext> use, int times)
    {
        for (var i = 0; i < times; i++)
        {
            use(run);
            Assert.True(run.Plugins.Unload(id));
        }
    }

    /// <summary>Forward and backward, compared with the reference.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Attend(RunContext run) => Assert.Empty(Smoke.Check(run.Plugins.Get<IAttention>("sdpa"), new LiveShapes
    {
        DType = torch.ScalarType.Float32,
        Device = torch.CPU,
        Attention = [new AttentionSpec { Demands = AttentionFeatures.Causal, Scale = 0.25, QueryHeads = 2, KeyHeads = 2, HeadSize = 16 }],
    }));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(RunContext run) => Assert.StartsWith("hello", run.Plugins.Get<IGreeting>("hello").Greet());
}
