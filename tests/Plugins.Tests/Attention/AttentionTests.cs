using Neoteny.Attention;
using Neoteny.Autograd;
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

    public static TheoryData<string, string, ScalarType> Cases()
    {
        var data = new TheoryData<string, string, ScalarType>();
        foreach (var kernel in Kernels)
        {
            foreach (var problem in AttentionCase.All.Where(c => (c.Demands & ~kernel.Supports) == 0))
            {
                data.Add(kernel.GetType().Name, problem.Name, ScalarType.Float32);
                data.Add(kernel.GetType().Name, problem.Name, ScalarType.BFloat16);
            }
        }

        return data;
    }

    public static TheoryData<string> Names() => [.. Kernels.Select(k => k.GetType().Name)];

    public void Dispose() => scope.Dispose();

    [Fact]
    public void What_is_supported_is_exactly_this()
    {
        const AttentionFeatures Common = AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads | AttentionFeatures.UnequalLengths
            | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks | AttentionFeatures.DistinctValueSize;
        Assert.Equal(Common | AttentionFeatures.Softcap, new EagerAttention().Supports);
        Assert.Equal(Common, new SdpaAttention().Supports);
        Assert.Equal(AttentionCase.All.Count, AttentionCase.All.Count(c => (c.Demands & ~new EagerAttention().Supports) == 0));
        Assert.Equal(19, AttentionCase.All.Count(c => (c.Demands & ~new SdpaAttention().Supports) == 0));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_backward_agree_with_the_reference(string kernelName, string name, ScalarType dtype)
    {
        var (kernel, problem) = (Kernel(kernelName), AttentionCase.All.Single(c => c.Name == name));
        using var layout = problem.Layout();
        foreach (var strided in new[] { false, true })
        {
            var input = problem.Input(layout, dtype, strided);
            var gradient = randn(layout.Tokens, problem.QueryHeads, input.Value.size(2)).to(dtype);
            var expected = AttentionReference.Run(input, gradient);
            var (output, actual) = Run(kernel, input, gradient);
            // What is exactly zero (a query's gradient where it sees one key) is held against the scale of the problem.
            var (tolerance, floor) = (dtype == ScalarType.Float32 ? 3e-6 : 1.5e-2, gradient.to(ScalarType.Float32).norm().item<float>());
            Assert.Equal((dtype, ScalarType.Float32), (output.Output.dtype, output.LogSumExp!.dtype));
            Assert.True(output.Output.is_contiguous() && output.LogSumExp.is_contiguous());
            Close.To(expected.Output, output.Output, tolerance, "output", floor);
            Close.To(expected.LogSumExp, output.LogSumExp, tolerance, "log-sum-exp", floor);
            Close.To(expected.Query, actual.Query, tolerance, "query gradient", floor);
            Close.To(expected.Key, actual.Key, tolerance, "key gradient", floor);
            Close.To(expected.Value, actual.Value, tolerance, "value gradient", floor);
            Assert.All([actual.Query, actual.Key, actual.Value], g => Assert.Equal(dtype, g.dtype));
            if (problem.Sinks)
            {
                Close.To(expected.Sinks!, actual.Sinks!, tolerance, "sink gradient", floor);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Blocks_of_keys_merge_by_log_sum_exp_and_run_backward_from_the_merged_output(string kernelName)
    {
        var kernel = Kernel(kernelName);
        const int Queries = 5, Early = 7;
        var problem = new AttentionCase("merged", 4, 2, 16, Queries) { Keys = [Early + Queries] };
        using SequenceLayout layout = problem.Layout(), first = SequenceLayout.Of([Queries], [Early]), second = SequenceLayout.Of([Queries]);
        var whole = problem.Input(layout, ScalarType.Float32);
        var gradient = randn(Queries, 4, 16);
        var expected = AttentionReference.Run(whole, gradient);

        // All queries see all early keys; on the later ones, as many as queries, the diagonal is the usual one.
        var (a, b) = (Block(whole, first, 0, AttentionFeatures.GroupedHeads), Block(whole, second, Early, AttentionFeatures.GroupedHeads | AttentionFeatures.Causal));
        var (ra, rb) = (kernel.Forward(a), kernel.Forward(b));
        var lse = ra.LogSumExp!.logaddexp(rb.LogSumExp!);
        var output = ra.Output.mul(ra.LogSumExp!.sub(lse).exp().unsqueeze(-1)).add(rb.Output.mul(rb.LogSumExp!.sub(lse).exp().unsqueeze(-1)), Scalars.One);
        Close.To(expected.Output, output, 3e-6, "merged output");
        Close.To(expected.LogSumExp, lse, 3e-6, "merged log-sum-exp");
        AttentionGradients Back(AttentionInput input, AttentionOutput made) => kernel.Backward(
            new AttentionBackward { Input = input, Output = output, LogSumExp = lse, OutputGradient = gradient, Saved = made.Saved });
        var (ga, gb) = (Back(a, ra), Back(b, rb));
        Close.To(expected.Query, ga.Query.add(gb.Query, Scalars.One), 3e-6, "query gradient");
        Close.To(expected.Key, cat([ga.Key, gb.Key]), 3e-6, "key gradient");
        Close.To(expected.Value, cat([ga.Value, gb.Value]), 3e-6, "value gradient");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_inputs_give_the_same_bits(string kernelName)
    {
        var kernel = Kernel(kernelName);
        foreach (var problem in AttentionCase.All.Where(c => (c.Demands & ~kernel.Supports) == 0))
        {
            using var layout = problem.Layout();
            var input = problem.Input(layout, ScalarType.Float32);
            var gradient = randn(layout.Tokens, problem.QueryHeads, input.Value.size(2));
            var ((o1, g1), (o2, g2)) = (Run(kernel, input, gradient), Run(kernel, input, gradient));
            Assert.True(Close.Same(o1.Output, o2.Output) && Close.Same(g1.Query, g2.Query) && Close.Same(g1.Key, g2.Key) && Close.Same(g1.Value, g2.Value), problem.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Documents_do_not_see_each_other(string kernelName)
    {
        var kernel = Kernel(kernelName);
        var problem = new AttentionCase("packed", 2, 1, 16, 5, 9, 3);
        using SequenceLayout layout = problem.Layout(), alone = SequenceLayout.Of([9]);
        var input = problem.Input(layout, ScalarType.Float32);
        var middle = new AttentionInput { Query = input.Query.narrow(0, 5, 9), Key = input.Key.narrow(0, 5, 9), Value = input.Value.narrow(0, 5, 9), Layout = alone, Spec = problem.Spec };
        Close.To(kernel.Forward(middle).Output, kernel.Forward(input).Output.narrow(0, 5, 9), 1e-6, "the middle document");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_but_the_results_stays_alive(string kernelName)
    {
        var kernel = Kernel(kernelName);
        foreach (var problem in AttentionCase.All.Where(c => (c.Demands & ~kernel.Supports) == 0))
        {
            using var layout = problem.Layout();
            var input = problem.Input(layout, ScalarType.Float32);
            var gradient = randn(layout.Tokens, problem.QueryHeads, input.Value.size(2));
            var before = Tensor.TotalCount;
            for (var i = 0; i < 3; i++)
            {
                using var inner = NewDisposeScope();
                using var guard = no_grad();
                Run(kernel, input, gradient);
            }

            Assert.Equal(before, Tensor.TotalCount);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_recorded_operator_agrees_with_the_reference_checkpointed_and_not(string kernelName)
    {
        var problem = new AttentionCase("recorded", 4, 2, 16, 7, 1, 12);
        using var layout = problem.Layout();
        var input = problem.Input(layout, ScalarType.Float32);
        var gradient = randn(layout.Tokens, 4, 16);
        var expected = AttentionReference.Run(input, gradient);
        foreach (var (checkpoint, keep) in new[] { (false, false), (true, false), (true, true) })
        {
            using var tape = new Tape(new TapeOptions { Keep = new HashSet<string>(keep ? ["attention"] : []), VersionOf = TensorVersion.Of });
            Value[] values = [tape.Input(input.Query), tape.Input(input.Key), tape.Input(input.Value)];
            var attend = new Attend(Kernel(kernelName), problem.Spec, layout);
            tape.AddLoss(tape.Segment("layer", v => [tape.Apply(attend, v)], values, checkpoint)[0], gradient);
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
        using var layout = problem.Layout();
        var input = problem.Input(layout, ScalarType.Float32);
        var gradient = randn(layout.Tokens, 4, 16);
        var expected = AttentionReference.Run(input, gradient);
        using var sinks = new Parameter("self_attn.sinks", input.Sinks!.clone()) { Trains = true };
        foreach (var checkpoint in new[] { false, true })
        {
            sinks.SetGradient(null);
            using var tape = new Tape();
            Value[] values = [tape.Input(input.Query), tape.Input(input.Key), tape.Input(input.Value)];
            var attend = new Attend(Kernel(kernelName), problem.Spec, layout, sinks);
            var output = tape.Segment("layer", v => [tape.Apply(attend, v)], values, checkpoint)[0];
            Close.To(expected.Output, output.Tensor, 3e-6, "output");
            tape.AddLoss(output, gradient);
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
            using var layout = problem.Layout();
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
        using var layout = problem.Layout();
        using var tape = new Tape();
        var attend = new Attend(new SdpaAttention(), problem.Spec, layout);
        Value right = tape.Input(randn(7, 2, 16)), wrong = tape.Input(randn(6, 2, 16));
        var e = Assert.Throws<ArgumentException>(() => tape.Apply(attend, tape.Input(randn(7, 4, 16)), right, wrong));
        Assert.Equal("attention: input 2 has shape [6, 2, 16] where layout and layer say [7, 2, 16].", e.Message);
    }

    private static AttentionInput Block(AttentionInput whole, SequenceLayout layout, int from, AttentionFeatures demands)
    {
        var spec = new AttentionSpec { Demands = demands, Scale = whole.Spec.Scale, QueryHeads = 4, KeyHeads = 2, HeadSize = 16 };
        return new AttentionInput
        {
            Query = whole.Query,
            Key = whole.Key.narrow(0, from, layout.Keys),
            Value = whole.Value.narrow(0, from, layout.Keys),
            Layout = layout,
            Spec = spec,
            NeedsBackward = true,
        };
    }

    private static IAttention Kernel(string name) => Kernels.Single(k => k.GetType().Name == name);

    private static (AttentionOutput Output, AttentionGradients Gradients) Run(IAttention kernel, AttentionInput input, Tensor gradient)
    {
        using var guard = no_grad();
        var output = kernel.Forward(input);
        return (output, kernel.Backward(new AttentionBackward
        {
            Input = input,
            Output = output.Output,
            LogSumExp = output.LogSumExp,
            OutputGradient = gradient,
            Saved = output.Saved,
        }));
    }
}
