using Neoteny.Autograd;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class SavedTensorTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Saved_tensors_are_parked_when_their_segment_ends_and_fetched_in_reverse()
    {
        var store = new HostStore();
        using var tape = new Tape(new TapeOptions { Store = store });
        var x = tape.Input(full([3], 1.1f));
        var y = x;
        for (var i = 0; i < 3; i++)
        {
            // The sum is made inside, so it is parked; the segment's input is the caller's until the caller is done with it.
            y = tape.Segment($"layer{i}", v => [tape.Apply(new Square(), tape.Apply(Add.Instance, v[0], v[0]).Donate())], [y])[0];
        }

        Assert.Equal(["park 0", "park 1", "park 2"], store.Log);
        store.Log.Clear();
        tape.AddLoss(y);
        tape.Backward();
        Assert.Equal(["prefetch 1", "fetch 2", "prefetch 0", "fetch 1", "fetch 0"], store.Log);
        Assert.Equal(0, store.Held);
        Assert.Equal(Expected(3), tape.GradientOf(x)!.data<float>()[0], 1e-3f * Expected(3));
    }

    [Fact]
    public void Inputs_of_checkpointed_segments_are_parked_when_donated_and_prefetched_one_ahead()
    {
        var store = new HostStore();
        using var tape = new Tape(new TapeOptions { Store = store });
        var x = tape.Input(full([3], 1.1f));
        var y = x;
        for (var i = 0; i < 4; i++)
        {
            y = tape.Segment($"layer{i}", v => [tape.Apply(new Square(), tape.Apply(Add.Instance, v[0].Donate(), v[0]))], [y], checkpoint: true)[0];
        }

        // The first input is the caller's own tensor; the other three are the boundaries between segments.
        Assert.Equal(["park 0", "park 1", "park 2"], store.Log);
        store.Log.Clear();
        tape.AddLoss(y);
        tape.Backward();
        Assert.Equal(["prefetch 1", "fetch 2", "prefetch 0", "fetch 1", "fetch 0"], store.Log);
        Assert.Equal(0, store.Held);
        Assert.Equal(Expected(4), tape.GradientOf(x)!.data<float>()[0], 1e-3f * Expected(4));
    }

    [Fact]
    public void Nothing_is_parked_while_a_segment_runs_again_or_backward_has_begun()
    {
        var store = new HostStore();
        using var tape = new Tape(new TapeOptions { Store = store });
        var x = tape.Input(ones(3));
        var y = tape.Segment("layer", v => [tape.Apply(new Exponential(), tape.Apply(new Square(), tape.Apply(Add.Instance, v[0], v[0])))], [x], checkpoint: true)[0];
        tape.AddLoss(tape.Apply(new Square(), tape.Apply(new Square(), y)));
        tape.Backward();
        Assert.Empty(store.Log);
    }

    [Fact]
    public void A_tensor_that_several_operators_saved_is_parked_and_fetched_once()
    {
        var store = new HostStore();
        using var tape = new Tape(new TapeOptions { Store = store, VersionOf = TensorVersion.Of });
        var x = tape.Input(full([3], 2f));
        var y = tape.Segment(
            "layer",
            v =>
            {
                var sum = tape.Apply(Add.Instance, v[0], v[0]);
                return [tape.Apply(Add.Instance, tape.Apply(new Square(), sum), tape.Apply(new Square(), sum))];
            },
            [x])[0];
        tape.AddLoss(y);
        tape.Backward();
        Assert.Equal(["park 0", "fetch 0"], store.Log);
        Assert.Equal([32, 32, 32], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void A_store_may_leave_a_tensor_where_it_is()
    {
        var store = new HostStore { Declines = true };
        using var tape = new Tape(new TapeOptions { Store = store });
        var x = tape.Input(full([3], 2f));
        tape.AddLoss(tape.Segment("layer", v => [tape.Apply(new Square(), tape.Apply(Add.Instance, v[0], v[0]))], [x])[0]);
        tape.Backward();
        Assert.Empty(store.Log);
        Assert.Equal([16, 16, 16], tape.GradientOf(x)!.data<float>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_handle_ends_exactly_once_without_a_whole_backward_too(bool fails)
        => LiveTensors.Unchanged(() =>
        {
            using var inner = NewDisposeScope();
            var store = new HostStore();
            using (var tape = new Tape(new TapeOptions { Store = store }))
            {
                var x = tape.Input(ones(3));
                Value[] Layer(Value[] v) => [tape.Apply(new Square(), tape.Apply(Add.Instance, v[0], v[0]))];
                var y = tape.Segment("a", Layer, [x])[0];
                y = tape.Apply(new Failing(backwards: 1), y.Donate());
                tape.AddLoss(tape.Segment("b", Layer, [y])[0]);
                Assert.Equal(3, store.Held);
                if (fails)
                {
                    Assert.Throws<NeotenyException>(tape.Backward);
                }
            }

            Assert.Equal(0, store.Held);
            Assert.Equal(fails ? 2 : 3, store.Log.Count(static l => l.StartsWith("release", StringComparison.Ordinal)));
        });

    private static float Expected(int layers)
    {
        // f(x) = (2 x)^2, applied n times.
        double x = 1.1f, slope = 1;
        for (var i = 0; i < layers; i++)
        {
            (slope, x) = (slope * 8 * x, 4 * x * x);
        }

        return (float)slope;
    }

    /// <summary>Keeps saved tensors as arrays.</summary>
    private sealed class HostStore : ISavedTensors
    {
        private readonly Dictionary<int, (float[] Data, long[] Shape)> parked = [];
        private int next;

        public List<string> Log { get; } = [];

        public bool Declines { get; init; }

        public int Held => parked.Count;

        public object? Park(SavedTensor saved)
        {
            if (Declines)
            {
                return null;
            }

            Log.Add($"park {next}");
            parked.Add(next, ([.. saved.Tensor.data<float>()], saved.Tensor.shape));
            return next++;
        }

        public void Prefetch(object handle)
        {
            Assert.Contains((int)handle, parked.Keys);
            Log.Add($"prefetch {handle}");
        }

        public Tensor Fetch(object handle)
        {
            Log.Add($"fetch {handle}");
            Assert.True(parked.Remove((int)handle, out var entry), $"handle {handle} is not held");
            return tensor(entry.Data).reshape(entry.Shape);
        }

        public void Release(object handle)
        {
            Log.Add($"release {handle}");
            Assert.True(parked.Remove((int)handle), $"handle {handle} is not held");
        }
    }
}
