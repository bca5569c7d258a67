using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Parallelism;

/// <summary>The ranks of a run, arranged along named axes (<c>dp</c>, <c>tp</c>, <c>cp</c>, <c>ep</c>).</summary>
public interface IDeviceMesh
{
    /// <summary>This process's rank among all.</summary>
    int Rank { get; }

    /// <summary>All processes.</summary>
    int WorldSize { get; }

    /// <summary>The axes in order.</summary>
    IReadOnlyList<string> Axes { get; }

    /// <summary>Ranks along an axis; 1 for an axis that is not there.</summary>
    int Size(string axis);

    /// <summary>This process's place along an axis.</summary>
    int Index(string axis);

    /// <summary>Communication among the ranks that differ along one axis only.</summary>
    ICollectives Group(string axis);
}

/// <summary>Communication within one group of ranks.</summary>
/// <remarks>
/// Every call is issued by all ranks of the group in the same order, returns at once, and completes on its own stream; buffers stay borrowed
/// until <see cref="ICollective.Wait"/>. Errors of the transport end the run on all ranks.
/// </remarks>
public interface ICollectives
{
    /// <summary>Ranks in the group.</summary>
    int Size { get; }

    /// <summary>This process's rank in the group.</summary>
    int Rank { get; }

    /// <summary>Sums over the group, in place.</summary>
    ICollective AllReduce(Tensor buffer);

    /// <summary>Gathers equal shards along dimension 0: <c>[n, ...]</c> of each rank to <c>[size * n, ...]</c>.</summary>
    ICollective AllGather(Tensor shard, Tensor whole);

    /// <summary>Sums and leaves each rank its shard along dimension 0.</summary>
    ICollective ReduceScatter(Tensor whole, Tensor shard);

    /// <summary>Exchanges rows: <paramref name="sendCounts"/>[r] rows of <paramref name="send"/> go to rank r.</summary>
    ICollective AllToAll(Tensor send, IReadOnlyList<int> sendCounts, Tensor receive, IReadOnlyList<int> receiveCounts);

    /// <summary>Sends to a rank of the group.</summary>
    ICollective Send(Tensor buffer, int to);

    /// <summary>Receives from a rank of the group.</summary>
    ICollective Receive(Tensor buffer, int from);
}

/// <summary>A collective under way.</summary>
public interface ICollective
{
    /// <summary>Makes the compute stream wait for it. Once.</summary>
    void Wait();
}

/// <summary>Where the pieces of a tensor are along each axis of the mesh.</summary>
public sealed class Placement
{
    /// <summary>Whole on every rank.</summary>
    public static Placement Replicated { get; } = new();

    /// <summary>The dimension split along each axis; axes that are not named replicate.</summary>
    public IReadOnlyDictionary<string, int> ShardedDimensions { get; init; } = new Dictionary<string, int>();

    /// <summary>How many elements a shard's size must be a multiple of, so that quantized blocks stay whole.</summary>
    public int Alignment { get; init; } = 1;
}
