using Neoteny.Autograd;
using Neoteny.Core.Tests.Operators;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class SegmentTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Observers_hear_every_pass_nested_around_each_other()
    {
        var heard = new List<string>();
        using var tape = new Tape(new TapeOptions { Observers = [new Recorder("1", heard), new Recorder("2", heard)] });
        var x = tape.Input(ones(3));
        var y = tape.Segment("plain", v => [tape.Apply(new Square(), v[0])], [x])[0];
        tape.AddLoss(tape.Segment("kept", v => [tape.Apply(new Square(), v[0])], [y], checkpoint: true)[0]);
        tape.Backward();
        Assert.Equal(
            [
                "1 before plain Forward", "2 before plain Forward", "2 after plain Forward", "1 after plain Forward",
                "1 before kept Forward", "2 before kept Forward", "2 after kept Forward", "1 after kept Forward",
                "1 before kept Replay", "2 before kept Replay", "2 after kept Replay", "1 after kept Replay",
                "1 before kept Backward", "2 before kept Backward", "2 after kept Backward", "1 after kept Backward",
                "1 before plain Backward", "2 before plain Backward", "2 after plain Backward", "1 after plain Backward",
            ],
            heard);
    }

    [Fact]
    public void Plain_segments_may_nest_and_checkpointed_ones_swallow_those_inside()
    {
        var heard = new List<string>();
        using var tape = new Tape(new TapeOptions { Observers = [new Recorder("o", heard)] });
        Value[] Nested(Value[] v, bool checkpoint)
            => tape.Segment("outer", o => tape.Segment("inner", i => [tape.Apply(new Square(), i[0])], [tape.Apply(new Square(), o[0])], checkpoint: true), v, checkpoint);

        var x = tape.Input(full([3], 1.5f));
        tape.AddLoss(Nested(Nested([x], checkpoint: false), checkpoint: true)[0]);
        tape.Backward();
        Assert.Equal(16 * MathF.Pow(1.5f, 15), tape.GradientOf(x)!.data<float>()[0], 1e-2f);
        Assert.Equal(
            [
                "o before outer Forward", "o before inner Forward", "o after inner Forward", "o after outer Forward",
                "o before outer Forward", "o after outer Forward",
                "o before outer Replay", "o after outer Replay", "o before outer Backward", "o after outer Backward",
                "o before outer Backward", "o before inner Replay", "o after inner Replay", "o before inner Backward", "o after inner Backward", "o after outer Backward",
            ],
            heard);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Several_inputs_and_outputs_some_unused_or_handed_through(bool checkpoint)
    {
        using var tape = new Tape();
        Value a = tape.Input(full([3], 2f)), b = tape.Input(full([3], 3f)), constant = tape.Constant(full([3], 10f));
        var outputs = tape.Segment(
            "layer",
            v =>
            {
                var sum = tape.Apply(Add.Instance, v[0], v[2]);
                return [tape.Apply(new Square(), sum), tape.Apply(new Square(), v[1]), tape.Apply(new Exponential(), v[1]), v[0], sum, v[2]];
            },
            [a, b, constant],
            checkpoint);
        Assert.False(outputs[5].NeedsGradient);
        tape.AddLoss(outputs[0]);
        tape.AddLoss(outputs[1]);
        tape.AddLoss(outputs[3]);
        tape.AddLoss(outputs[4]);
        tape.Backward();
        Assert.Equal([24 + 1 + 1, 26, 26], tape.GradientOf(a)!.data<float>());
        Assert.Equal([6, 6, 6], tape.GradientOf(b)!.data<float>());
        Assert.Null(tape.GradientOf(constant));
    }

    [Fact]
    public void A_replay_stops_as_soon_as_backward_has_what_it_reads()
    {
        using var tape = new Tape();
        Square first = new(), last = new(), aside = new();
        var saver = new Exponential();
        var x = tape.Input(full([3], 0.5f));
        tape.AddLoss(tape.Segment(
            "layer",
            v =>
            {
                // The last square saves its input only, so it need not run again; what is aside feeds nothing that backward reads.
                _ = tape.Apply(aside, v[0]);
                return [tape.Apply(last, tape.Apply(saver, tape.Apply(first, v[0])))];
            },
            [x],
            checkpoint: true)[0]);
        tape.Backward();
        Assert.Equal((2, 2, 1, 1), (first.Forwards, saver.Forwards, last.Forwards, aside.Forwards));
        Assert.Equal((1, 1, 0), (first.Backwards, last.Backwards, aside.Backwards));
        Assert.Equal(2 * MathF.Exp(0.5f), tape.GradientOf(x)!.data<float>()[0], 1e-4f);
    }

    [Fact]
    public void Kept_operators_and_what_only_they_need_are_not_run_again()
    {
        Square cheap = new("cheap"), dear = new("dear");
        Square[] after = [new(), new()];
        Value[] Body(Tape t, Value[] v)
        {
            var y = t.Apply(dear, t.Apply(cheap, v[0]));
            return [t.Apply(after[1], t.Apply(after[0], y))];
        }

        using var tape = new Tape(new TapeOptions { Keep = new HashSet<string> { "dear" } });
        var x = tape.Input(full([3], 1.1f));
        for (var layer = 0; layer < 2; layer++)
        {
            tape.AddLoss(tape.Segment($"layer{layer}", v => Body(tape, v), [x], checkpoint: true)[0]);
        }

        tape.Backward();
        Assert.Equal((2, 4, 4, 2), (dear.Forwards, cheap.Forwards, after[0].Forwards, after[1].Forwards));
        Assert.Equal((2, 2), (dear.Backwards, after[1].Backwards));
        Assert.Equal(2 * 16 * MathF.Pow(1.1f, 15), tape.GradientOf(x)!.data<float>()[0], 1e-3f);
    }

    [Fact]
    public void Kept_operators_with_extras_keep_them_and_free_them()
        => LiveTensors.Unchanged(() =>
        {
            using var inner = NewDisposeScope();
            using var weight = new Parameter("w", ones(3)) { Trains = true };
            using var tape = new Tape(new TapeOptions { Keep = new HashSet<string> { "weighted", "exponential" } });
            var (weighted, saver) = (new Weighted(weight), new Exponential());
            var x = tape.Input(full([3], 0.1f));
            tape.AddLoss(tape.Segment("layer", v => [tape.Apply(saver, tape.Apply(weighted, v[0]))], [x], checkpoint: true)[0]);
            tape.Backward();
            Assert.Equal((1, 1), (weighted.Forwards, saver.Forwards));
            Assert.Equal(0.3f * MathF.Exp(0.3f), weight.Gradient!.data<float>()[0], 1e-5f);
        });

    [Fact]
    public void Replays_draw_the_same_random_keys_and_calls_differ()
    {
        using var tape = new Tape(new TapeOptions { Seed = 3 });
        Keys.Probe outside = new(), inside = new(), later = new();
        var x = tape.Apply(outside, tape.Input(ones(3)));
        // A saver behind each probe makes the replay run it.
        x = tape.Segment("a", v => [tape.Apply(new Square(), tape.Apply(inside, tape.Apply(inside, v[0])))], [x], checkpoint: true)[0];
        x = tape.Segment("b", v => [tape.Apply(new Square(), tape.Apply(later, v[0]))], [x], checkpoint: true)[0];
        tape.AddLoss(x);
        tape.Backward();
        // Forward, forward, replay, replay, backward, backward.
        Assert.Equal([inside.Seen[0], inside.Seen[1], inside.Seen[0], inside.Seen[1], inside.Seen[1], inside.Seen[0]], inside.Seen);
        Assert.Single(later.Seen.Distinct());
        Assert.Equal(4, outside.Seen.Concat(inside.Seen).Concat(later.Seen).Distinct().Count());
        Assert.NotEqual(Keys.First(3), Keys.First(4));
    }

    [Theory]
    [InlineData("dear")]
    [InlineData("linear")]
    public void Dropout_gives_the_same_gradients_checkpointed_and_not(string keep)
    {
        float[][] Run(bool checkpoint)
        {
            manual_seed(1);
            Parameter[] p = [new("w", randn(8, 8)), new("a", randn(2, 8)) { Trains = true }, new("b", randn(8, 2)) { Trains = true }];
            var linear = new Linear(p[0], null, [new() { A = p[1], B = p[2], Scale = 1, Dropout = 0.5 }]);
            using var tape = new Tape(new TapeOptions { Seed = 9, Keep = new HashSet<string> { keep } });
            var x = tape.Input(randn(5, 8));
            var y = x;
            for (var i = 0; i < 3; i++)
            {
                y = tape.Segment($"layer{i}", v => [tape.Apply(new GatedActivation("silu"), tape.Apply(linear, v[0]), v[0])], [y], checkpoint)[0];
            }

            tape.AddLoss(y);
            tape.Backward();
            float[][] gradients = [tape.GradientOf(x)!.data<float>().ToArray(), p[1].Gradient!.data<float>().ToArray(), p[2].Gradient!.data<float>().ToArray()];
            Array.ForEach(p, static q => q.Dispose());
            return gradients;
        }

        var (plain, replayed) = (Run(false), Run(true));
        Assert.All(plain.Zip(replayed), static pair => Assert.Equal(pair.First, pair.Second));
    }

    [Fact]
    public void Capturing_a_value_of_outside_is_refused_in_a_checkpointed_segment()
    {
        using var tape = new Tape();
        Value x = tape.Input(ones(3)), captured = tape.Apply(Add.Instance, x, x), constant = tape.Constant(ones(3));
        var e = Assert.Throws<InvalidOperationException>(() => tape.Segment("layer", v => [tape.Apply(Add.Instance, v[0], captured)], [x], checkpoint: true));
        Assert.Equal("add: input 1 comes from outside of the checkpointed segment layer, which could not find it when it runs again. Pass it to Segment as an input.", e.Message);
        Assert.Throws<InvalidOperationException>(() => tape.Segment("layer", v => [tape.Apply(Add.Instance, v[0], x)], [captured], checkpoint: true));
        tape.AddLoss(tape.Segment("layer", v => [tape.Apply(Add.Instance, v[0], constant)], [x], checkpoint: true)[0]);
        tape.AddLoss(tape.Segment("plain", v => [tape.Apply(Add.Instance, v[0], captured)], [x])[0]);
        tape.Backward();
        Assert.Equal([4, 4, 4], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void A_loss_inside_a_checkpointed_segment_is_refused()
    {
        using var tape = new Tape();
        var e = Assert.Throws<InvalidOperationException>(() => tape.Segment(
            "layer",
            v =>
            {
                tape.AddLoss(v[0]);
                return v;
            },
            [tape.Input(ones(3))],
            checkpoint: true));
        Assert.Equal("AddLoss: segment layer is checkpointed and would add its loss twice. Return the value from the segment and add it there.", e.Message);
    }

    [Theory]
    [InlineData(1, 2, "Segment layer applied square when it ran again, but had ended there the first time; its body must be deterministic.")]
    [InlineData(2, 1, "Segment layer ended when it ran again where it had applied square the first time; its body must be deterministic.")]
    [InlineData(-1, 1, "Segment layer applied square when it ran again where it had applied exponential the first time; its body must be deterministic.")]
    public void A_body_that_does_something_else_when_it_runs_again_is_refused(int first, int second, string message)
    {
        using var tape = new Tape();
        var runs = 0;
        var x = tape.Input(ones(3));
        tape.AddLoss(tape.Segment(
            "layer",
            v =>
            {
                var count = runs++ == 0 ? first : second;
                return count < 0 ? [tape.Apply(new Exponential(), v[0])] : [.. Enumerable.Repeat(0, count).Select(_ => tape.Apply(new Square(), v[0]))];
            },
            [x],
            checkpoint: true)[0]);
        Assert.Equal(message, Assert.Throws<InvalidOperationException>(tape.Backward).Message);
    }

    [Theory]
    [InlineData(1, 9, false, false)]
    [InlineData(1, 9, true, false)]
    [InlineData(1, 9, true, true)]
    [InlineData(2, 9, true, false)]
    [InlineData(9, 1, false, false)]
    [InlineData(9, 1, true, false)]
    [InlineData(9, 1, true, true)]
    public void An_exception_leaves_nothing_alive(int failingForward, int failingBackward, bool checkpoint, bool keep)
        => LiveTensors.Unchanged(() =>
        {
            using var inner = NewDisposeScope();
            using var weight = new Parameter("w", ones(3)) { Trains = true };
            var e = Assert.Throws<NeotenyException>(() =>
            {
                using var tape = new Tape(new TapeOptions { Keep = new HashSet<string>(keep ? ["square", "weighted"] : []) });
                var x = tape.Input(ones(3));
                var failing = new Failing(failingForward, failingBackward);
                var y = tape.Segment("before", v => [tape.Apply(new Weighted(weight), tape.Apply(new Square(), v[0]))], [x], checkpoint)[0];
                y = tape.Segment(
                    "layer",
                    v =>
                    {
                        var square = tape.Apply(new Weighted(weight), tape.Apply(new Square(), v[0]));
                        return [tape.Apply(new Square(), tape.Apply(failing, square)), square];
                    },
                    [y],
                    checkpoint)[0];
                tape.AddLoss(y);
                tape.Backward();
            });
            Assert.Equal(failingForward < 9 ? "forward failed" : "backward failed", e.Message);
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tape_disposed_before_backward_leaves_nothing_alive(bool leadsNowhere)
        => LiveTensors.Unchanged(() =>
        {
            using var inner = NewDisposeScope();
            using var weight = new Parameter("w", ones(3)) { Trains = true };
            using var tape = new Tape(new TapeOptions { Keep = new HashSet<string> { "weighted", "square" } });
            var x = tape.Input(ones(3));
            tape.Segment("layer", v => [tape.Apply(new Weighted(weight), tape.Apply(new Square(), v[0]))], [x], checkpoint: true);
            if (leadsNowhere)
            {
                tape.AddLoss(x);
                tape.Backward();
            }
        });

    private sealed class Recorder(string name, List<string> heard) : ISegmentObserver
    {
        public void Before(SegmentEvent segment) => heard.Add($"{name} before {segment.Path} {segment.Pass}");

        public void After(SegmentEvent segment) => heard.Add($"{name} after {segment.Path} {segment.Pass}");
    }
}
