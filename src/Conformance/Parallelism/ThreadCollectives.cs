using Neoteny.Parallelism;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Collectives among threads. Sums run in the order of ranks, so they give the same bits on all.</summary>
internal sealed class ThreadCollectives(ThreadExchange exchange, int rank) : ICollectives
{
    public int Size => exchange.Size;

    public int Rank => rank;

    public ICollective AllReduce(Tensor buffer)
    {
        using var sum = exchange.Together(rank, buffer, all => Sum(all, static t => t));
        buffer.copy_(sum);
        return Done.Instance;
    }

    public ICollective AllGather(Tensor shard, Tensor whole)
    {
        using var gathered = exchange.Together(rank, shard, all => cat(all));
        whole.copy_(gathered);
        return Done.Instance;
    }

    public ICollective ReduceScatter(Tensor whole, Tensor shard)
    {
        var rows = shard.size(0);
        using var sum = exchange.Together(rank, whole, all => Sum(all, t => t.narrow(0, rank * rows, rows)));
        shard.copy_(sum);
        return Done.Instance;
    }

    public ICollective AllToAll(Tensor send, IReadOnlyList<int> sendCounts, Tensor receive, IReadOnlyList<int> receiveCounts)
    {
        long at = 0;
        for (var to = 0; to < Size; at += sendCounts[to], to++)
        {
            exchange.Post(rank, to, send.narrow(0, at, sendCounts[to]).clone().DetachFromDisposeScope());
        }

        return new Later(() =>
        {
            long into = 0;
            for (var from = 0; from < Size; into += receiveCounts[from], from++)
            {
                Put(exchange.Take(from, rank), receive.narrow(0, into, receiveCounts[from]));
            }
        });
    }

    public ICollective Send(Tensor buffer, int to)
    {
        exchange.Post(rank, to, buffer.clone().DetachFromDisposeScope());
        return Done.Instance;
    }

    public ICollective Receive(Tensor buffer, int from) => new Later(() => Put(exchange.Take(from, rank), buffer));

    private static void Put(Tensor arrived, Tensor into)
    {
        using (arrived)
        {
            into.copy_(arrived);
        }
    }

    private static Tensor Sum(Tensor[] all, Func<Tensor, Tensor> part)
    {
        var sum = part(all[0]).clone();
        foreach (var other in all.Skip(1))
        {
            sum.add_(part(other), sum.is_floating_point() ? Scalars.One : Scalars.Of(1L));
        }

        return sum;
    }

    private sealed class Done : ICollective
    {
        public static Done Instance { get; } = new();

        public void Wait()
        {
        }
    }

    private sealed class Later(Action finish) : ICollective
    {
        public void Wait() => finish();
    }
}
