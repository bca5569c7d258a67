using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Conformance;
using Neoteny.Parameters;
using Neoteny.Plugins.Sdpa;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Attention;

public sealed class AttentionTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public static IReadOnlyList<IAttention> Kernels { get; } = [new EagerAttention(), new SdpaAttention()];

    public static TheoryData<string> Names() => [.. Kernels.Select(k => k.GetType().Name)];

    public void Dispose() => scope.Dispose();

    [Fact]
    public void What_is_supported_is_exactly_this()
    {
        const AttentionFeatures Common = AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads | AttentionFeatures.UnequalLengths
            | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks | AttentionFeatures.DistinctValueSize;
        Assert.Equal(Common | AttentionFeatures.Softcap, new EagerAttention().Supports);
        Assert.Equal(Common, new SdpaAttention().Supports);
        Assert.Equal(30, AttentionCase.All.Count(c => (c.Demands & ~new EagerAttention().Supports) == 0));
        Assert.Equal(27, AttentionCase.All.Count(c => (c.Demands & ~new SdpaAttention().Supports) == 0));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_recorded_operator_agrees_with_the_reference_checkpointed_and_not(string kernelName)
    {
        var problem = new AttentionCase("recorded", 4, 2, 16, 7, 1, 12);
        using var made = AttentionProblem.Make(problem, new ConformanceSettings(), ScalarType.Float32);
        var input = made.Input;
        var expected = AttentionReference.Run(input, made.OutputGradient);
        foreach (var (checkpoint, keep) in new[] { (false, false), (true, false), (true, true) })
        {
            using var tape = new Tape(new TapeOptions { Keep = new HashSet<string>(keep ? ["attention"] : []), VersionOf = TensorVersion.Of });
            Value[] values = [tape.Input(input.Query), tape.Input(input.Key), tape.Input(input.Value)];
            var attend = new Attend(Kernels.Single(k => k.GetType().Name == kernelName), problem.Spec, input.Layout);
            tape.AddLoss(tape.Segment("layer", v => [tape.Apply(attend, v)], values, checkpoint)[0], made.OutputGradient);
            tape.Backward();
            Close.To(expected.Query, tape.GradientOf(values[0])!, 3e-6, "query gradient");
            Close.To(expected.Key, tape.GradientOf(values[1])!, 3e-6, "key gradient");
            Close.To(expected.Value, tape.GradientOf(values[2])!, 3e-6, "value gradient");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sinks_are_a_parameter_that_gets_its_gradient(string kernelName)
    {
        var problem = new AttentionCase("recorded", 4, 2, 16, 7, 1, 12) { Sinks = true };
        using var made = AttentionProblem.Make(problem, new ConformanceSettings(), ScalarType.Float32);
        var input = made.Input;
        var expected = AttentionReference.Run(input, made.OutputGradient);
        using var sinks = new Parameter("self_attn.sinks", input.Sinks!.clone()) { Trains = true };
        foreach (var checkpoint in new[] { false, true })
        {
            sinks.SetGradient(null);
            using var tape = new Tape();
            Value[] values = [tape.Input(input.Query), tape.Input(input.Key), tape.Input(input.Value)];
            var attend = new Attend(Kernels.Single(k => k.GetType().Name == kernelName), problem.Spec, input.Layout, sinks);
            var output = tape.Segment("layer", v => [tape.Apply(attend, v)], values, checkpoint)[0];
            Close.To(expected.Output, output.Tensor, 3e-6, "output");
            tape.AddLoss(output, made.OutputGradient);
            tape.Backward();
            Close.To(expected.Query, tape.GradientOf(values[0])!, 3e-6, "query gradient");
            Close.To(expected.Sinks!, sinks.Gradient!, 3e-6, "sink gradient");
        }
    }

    [Fact]
    public void Sinks_that_do_not_fit_the_layer_are_refused()
    {
        using var sinks = new Parameter("self_attn.sinks", zeros(3));
        string Error(bool demanded, Parameter? given)
        {
            var problem = new AttentionCase("wrong", 4, 2, 16, 7) { Sinks = demanded };
            using var layout = SequenceLayout.Of([7]);
            using var tape = new Tape();
            Value query = tape.Input(randn(7, 4, 16)), key = tape.Input(randn(7, 2, 16));
            return Assert.Throws<ArgumentException>(() => tape.Apply(new Attend(new EagerAttention(), problem.Spec, layout, given), query, key, key)).Message;
        }

        Assert.Equal("attention: the layer demands sinks, but none were given.", Error(true, null));
        Assert.Equal("attention: the layer with 4 query heads cannot use sinks self_attn.sinks [3].", Error(true, sinks));
        Assert.Equal("attention: the layer does not demand sinks, but self_attn.sinks was given.", Error(false, sinks));
    }

    [Fact]
    public void Shapes_that_contradict_layout_and_layer_are_refused()
    {
        var problem = new AttentionCase("wrong", 4, 2, 16, 7);
        using var layout = SequenceLayout.Of([7]);
        using var tape = new Tape();
        var attend = new Attend(new SdpaAttention(), problem.Spec, layout);
        Value right = tape.Input(randn(7, 2, 16)), wrong = tape.Input(randn(6, 2, 16));
        var e = Assert.Throws<ArgumentException>(() => tape.Apply(attend, tape.Input(randn(7, 4, 16)), right, wrong));
        Assert.Equal("attention: input 2 has shape [6, 2, 16] where layout and layer say [7, 2, 16].", e.Message);
    }
}
