using System.Diagnostics;
using Neoteny.Attention;
using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Tests.Samples;
using Neoteny.Plugins.Tests.Steps;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class SmokeTests
{
    private static readonly AttentionSpec Layer = new()
    {
        Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads,
        Scale = 0.125,
        QueryHeads = 8,
        KeyHeads = 2,
        HeadSize = 64,
    };

    private static LiveShapes Live(IModuleTree? model = null, ScalarType dtype = ScalarType.Float32) => new()
    {
        DType = dtype,
        Device = CPU,
        Attention = [Layer],
        HiddenSize = 512,
        VocabularySize = 32_000,
        Model = model,
    };

    [Fact]
    public void Sound_implementations_pass_in_milliseconds_and_leave_the_model_as_it_was()
    {
        using var model = TinyDecoder.Build();
        object[] sound =
        [
            new SdpaAttention(), new EagerAttention(), new CrossEntropyLoss(),
            new SampleOverride { Claims = s => s.Original is INorm, Make = s => new SampleNorm((INorm)s.Original) },
            new SampleOverride { Claims = s => s.Original is IGatedMlp, Make = s => new SampleMlp(s) },
        ];
        foreach (var extension in sound)
        {
            Assert.True(Smoke.Check(extension, Live(model)) is { Count: 0 }, string.Join('\n', Smoke.Check(extension, Live(model))));
        }

        // Once everything is compiled; on one core, which other builds share here.
        var watch = Stopwatch.StartNew();
        foreach (var extension in sound)
        {
            Assert.True(Smoke.Check(extension, Live(model)) is { Count: 0 }, string.Join('\n', Smoke.Check(extension, Live(model))));
        }

        Assert.True(watch.ElapsedMilliseconds < 150 * sound.Length, $"{watch.ElapsedMilliseconds} ms for {sound.Length} checks");
        Assert.All(model.Sites, s => Assert.Same(s.Original, s.Current));
        Assert.All(model.Parameters, p => Assert.Null(p.Gradient));
    }

    [Fact]
    public void Bf16_is_held_against_the_rounded_inputs()
    {
        Assert.Equal([], Smoke.Check(new SdpaAttention(), Live(dtype: ScalarType.BFloat16)));
        Assert.Equal([], Smoke.Check(new CrossEntropyLoss(), Live(dtype: ScalarType.BFloat16)));
    }

    [Fact]
    public void A_kernel_that_computes_something_else_is_told_with_numbers()
    {
        var failures = Smoke.Check(new BrokenAttention { Before = i => BrokenAttention.With(i, scale: i.Spec.Scale * 1.1) }, Live());
        Assert.StartsWith("8 heads of 64, Float32: output: off by ", failures[0], StringComparison.Ordinal);
        Assert.Equal(
            ["8 heads of 64, Float32: it does not support GroupedHeads, which this run needs"],
            Smoke.Check(new BrokenAttention { Claims = AttentionFeatures.Causal }, Live()));
        Assert.Equal(["8 heads of 64, Float32: it refuses: it is not in the mood"], Smoke.Check(new BrokenAttention { Refusal = _ => "it is not in the mood" }, Live()));
    }

    [Fact]
    public void An_override_is_compared_with_the_live_block_and_its_gradients_are_dropped()
    {
        using var model = TinyDecoder.Build();
        foreach (var parameter in model.Parameters)
        {
            parameter.Trains = true;
        }

        var failures = Smoke.Check(new SampleOverride { Claims = s => s.Original is INorm, Make = s => new SampleNorm((INorm)s.Original, ignoresResidual: true) }, Live(model));
        Assert.StartsWith("model.layers.0.input_layernorm: norm with residual, output 0: off by ", failures[0], StringComparison.Ordinal);
        Assert.Equal(["it claims nothing of this model"], Smoke.Check(new SampleOverride { Claims = _ => false, Make = s => s.Original }, Live(model)));
        Assert.All(model.Parameters, p => Assert.Null(p.Gradient));
    }

    [Fact]
    public void A_loss_that_lacks_what_the_run_needs_is_refused_and_other_points_are_not_swapped()
    {
        var live = new LiveShapes { DType = ScalarType.Float32, Device = CPU, HiddenSize = 8, VocabularySize = 16, LossDemands = LossFeatures.VocabularyShard };
        Assert.Equal(["it does not support VocabularyShard, which this run needs"], Smoke.Check(new CrossEntropyLoss(), live));
        Assert.Throws<ArgumentException>(() => Smoke.Check(new SampleOffload(), live));
        var slow = Smoke.Check(new SdpaAttention(), new LiveShapes { DType = ScalarType.Float32, Device = CPU, Attention = [Layer], TimeLimit = TimeSpan.Zero });
        Assert.StartsWith("the check took ", Assert.Single(slow), StringComparison.Ordinal);
    }
}
