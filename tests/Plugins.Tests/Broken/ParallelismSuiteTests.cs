using Neoteny.Conformance;
using Neoteny.Parallelism;
using Neoteny.Plugins.Tests.Samples;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class ParallelismSuiteTests
{
    [Fact]
    public void Sound_data_parallelism_passes() => Caught.None(new ParallelismSuite(() => new SampleParallelism()), 10);

    [Fact]
    public void Gradients_that_are_not_reduced_are_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { ForgetsToReduce = true }),
        "Gradients of replicated weights are summed over the ranks that see other tokens",
        "rank 0: the gradient of model.layers.0.input_layernorm.weight is not the sum");

    [Fact]
    public void Ranks_that_disagree_are_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { DependsOnRank = true }), "Every parameter has one placement, the same on all ranks", "ranks disagree");

    [Fact]
    public void A_dimension_that_is_not_there_is_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { Dimension = 2 }), "Every parameter has one placement, the same on all ranks", "dimension 2 of [");

    [Fact]
    public void A_lost_shard_is_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { LosesTheLastShard = true }), "Weights are whole when rented on every rank", "is not the whole weight");

    [Fact]
    public void Weights_that_change_in_bf16_alone_are_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { AfterGather = w => w.mul_(Scalars.Of(w.dtype == ScalarType.BFloat16 ? 1.01 : 1.0)) }),
        "Weights are whole when rented on every rank",
        "one rank, BFloat16: rank 0: ");

    [Fact]
    public void Weights_that_differ_from_run_to_run_are_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { AfterGather = w => w.mul_(rand(1)) }), "The same ranks give the same bits on the CPU", "two runs differ in their bits");

    [Fact]
    public void Tensors_that_stay_are_caught() => Caught.By(
        new ParallelismSuite(() => new SampleParallelism { AfterGather = w => w.clone().DetachFromDisposeScope() }), "Nothing but the results stays alive", "tensors more are alive after 50 calls");

    [Fact]
    public void Values_that_depend_on_the_thread_are_caught()
    {
        var threads = new OtherThreads();
        Caught.By(new ParallelismSuite(() => new SampleParallelism { AfterGather = w => w.mul_(threads.Factor) }), "Any thread may call it", "on another thread: off by");
    }

    [Fact]
    public void An_axis_named_twice_is_caught()
        => Caught.By(new ParallelismSuite(() => new SampleParallelism { Axes = ["dp", "dp"] }), "Its axes are named once each", "twice");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_collectives_among_threads_conform(int ranks)
        => Caught.None(new CollectivesSuite(() => ThreadMesh.Create(("dp", ranks)), "dp"), 5);

    [Fact]
    public void A_mesh_of_two_axes_groups_the_ranks_that_differ_along_one()
    {
        var meshes = ThreadMesh.Create(("dp", 2), ("tp", 3));
        Assert.Equal([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)], meshes.Select(m => (m.Index("dp"), m.Index("tp"))));
        Assert.All(meshes, m => Assert.Equal((6, 2, 3, 1), (m.WorldSize, m.Size("dp"), m.Size("tp"), m.Size("cp"))));
        var sums = Ranks.Run(meshes, m =>
        {
            using var x = tensor([m.Rank]);
            m.Group("tp").AllReduce(x).Wait();
            return x.item<int>();
        });
        Assert.Equal([3, 3, 3, 12, 12, 12], sums);
    }

    [Fact]
    public void An_average_in_place_of_a_sum_is_caught()
        => Caught.By(new CollectivesSuite(() => [.. ThreadMesh.Create(("dp", 2)).Select(m => new Averaging(m))], "dp"), "All-reduce sums on every rank", "rank 0: has [");

    private sealed class Averaging(IDeviceMesh inner) : IDeviceMesh, ICollectives
    {
        public int Rank => inner.Rank;

        public int WorldSize => inner.WorldSize;

        public IReadOnlyList<string> Axes => inner.Axes;

        int ICollectives.Size => 2;

        public int Size(string axis) => inner.Size(axis);

        public int Index(string axis) => inner.Index(axis);

        public ICollectives Group(string axis) => this;

        public ICollective AllReduce(Tensor buffer)
        {
            var sum = inner.Group("dp").AllReduce(buffer);
            buffer.div_(Scalars.Of(2.0));
            return sum;
        }

        public ICollective AllGather(Tensor shard, Tensor whole) => inner.Group("dp").AllGather(shard, whole);

        public ICollective ReduceScatter(Tensor whole, Tensor shard) => inner.Group("dp").ReduceScatter(whole, shard);

        public ICollective AllToAll(Tensor send, IReadOnlyList<int> sendCounts, Tensor receive, IReadOnlyList<int> receiveCounts)
            => inner.Group("dp").AllToAll(send, sendCounts, receive, receiveCounts);

        public ICollective Send(Tensor buffer, int to) => inner.Group("dp").Send(buffer, to);

        public ICollective Receive(Tensor buffer, int from) => inner.Group("dp").Receive(buffer, from);
    }
}
