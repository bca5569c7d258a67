using Neoteny.Parallelism;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="ICollectives"/> must do, tried on all ranks of one axis in this process.</summary>
public sealed class CollectivesSuite : ConformanceSuite
{
    private readonly Func<IReadOnlyList<IDeviceMesh>> meshes;
    private readonly string axis;

    /// <summary>Creates the suite.</summary>
    /// <param name="meshes">Makes the meshes of all ranks of one group, in the order of ranks.</param>
    /// <param name="axis">The axis that they differ along.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public CollectivesSuite(Func<IReadOnlyList<IDeviceMesh>> meshes, string axis, ConformanceSettings? settings = null)
        : base("collectives", settings)
    {
        (this.meshes, this.axis) = (meshes, axis);
        Add("All-reduce sums on every rank", run => Each(run, g =>
        {
            var x = Of(g.Rank, 7, 3);
            g.AllReduce(x).Wait();
            return (x, Sum(g.Size, 7, 3));
        }));
        Add("All-gather joins the shards in the order of ranks", run => Each(run, g =>
        {
            var whole = zeros(2 * g.Size, 3, device: Settings.Device);
            g.AllGather(Of(g.Rank, 2, 3), whole).Wait();
            return (whole, cat([.. Enumerable.Range(0, g.Size).Select(r => Of(r, 2, 3))]));
        }));
        Add("Reduce-scatter sums and leaves each rank its shard", run => Each(run, g =>
        {
            var shard = zeros(2, 3, device: Settings.Device);
            g.ReduceScatter(Of(g.Rank, 2 * g.Size, 3), shard).Wait();
            return (shard, Sum(g.Size, 2 * g.Size, 3).narrow(0, 2 * g.Rank, 2));
        }));
        Add("All-to-all exchanges unequal rows", run => Each(run, g =>
        {
            // Rank a sends a + b + 1 rows to rank b, all with the number 10 a + b; so does b receive them.
            int[] counts = [.. Enumerable.Range(0, g.Size).Select(r => g.Rank + r + 1)];
            Tensor Rows(Func<int, double> value) => cat([.. counts.Select((c, r) => full([c, 2], Scalars.Of(value(r)), dtype: ScalarType.Float32, device: Settings.Device))]);
            var received = zeros(counts.Sum(), 2, device: Settings.Device);
            g.AllToAll(Rows(r => (10 * g.Rank) + r), counts, received, counts).Wait();
            return (received, Rows(r => (10 * r) + g.Rank));
        }));
        Add("Messages arrive in order", run => Each(run, g =>
        {
            int next = (g.Rank + 1) % g.Size, before = (g.Rank + g.Size - 1) % g.Size;
            var (a, b) = (zeros(3, device: Settings.Device), zeros(3, device: Settings.Device));
            ICollective[] sends = [g.Send(Of(g.Rank, 3), next), g.Send(Of(g.Rank + 50, 3), next)];
            g.Receive(a, before).Wait();
            g.Receive(b, before).Wait();
            Array.ForEach(sends, s => s.Wait());
            return (cat([a, b]), cat([Of(before, 3), Of(before + 50, 3)]));
        }));
    }

    private void Each(CheckRun run, Func<ICollectives, (Tensor Actual, Tensor Expected)> work) => run.Case(axis, () =>
    {
        var results = Ranks.Run(meshes(), m =>
        {
            var (actual, expected) = work(m.Group(axis));
            return (Ranks.Numbers(actual), Ranks.Numbers(expected));
        });
        foreach (var (rank, (actual, expected)) in results.Index())
        {
            run.That(actual.SequenceEqual(expected), $"rank {rank}: has [{string.Join(", ", actual.Take(6))} ...] instead of [{string.Join(", ", expected.Take(6))} ...]");
        }
    });

    /// <summary>Small whole numbers, so that sums are exact in any order.</summary>
    private Tensor Of(int rank, params long[] shape)
        => tensor(Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => (float)(((i * 7) + (rank * 3)) % 31)).ToArray()).reshape(shape).to(Settings.Device);

    private Tensor Sum(int ranks, params long[] shape)
        => Enumerable.Range(0, ranks).Select(r => Of(r, shape)).Aggregate((a, b) => a.add(b, Scalars.One));
}
