using Neoteny.Modules;
using Neoteny.Parallelism;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Samples;

/// <summary>Data parallelism that also shards matrices along dimension 0, with a choice of faults.</summary>
internal sealed class SampleParallelism : IParallelism
{
    public bool ForgetsToReduce { get; init; }

    public bool DependsOnRank { get; init; }

    public bool LosesTheLastShard { get; init; }

    /// <summary>What becomes of a whole weight before it is lent.</summary>
    public Action<Tensor> AfterGather { get; init; } = static _ => { };

    public int Dimension { get; init; }

    public IReadOnlyList<string> Axes { get; init; } = ["dp"];

    public Placement Plan(ModuleSite site, Parameter parameter, IDeviceMesh mesh)
        => parameter.Shape.Count == 2 && parameter.Shape[0] % 2 == 0 && !(DependsOnRank && mesh.Rank == 1)
            ? new Placement { ShardedDimensions = new Dictionary<string, int> { ["dp"] = Dimension } } : Placement.Replicated;

    public IWeightHome? Home(ModuleSite site, Parameter parameter, IDeviceMesh mesh)
        => Plan(site, parameter, mesh).ShardedDimensions.Count == 0 ? null : new Sharded(mesh.Group("dp"), LosesTheLastShard, AfterGather);

    public void GradientCompleted(Parameter parameter, IDeviceMesh mesh)
    {
        if (!ForgetsToReduce)
        {
            mesh.Group("dp").AllReduce(parameter.Gradient!).Wait();
        }
    }

    private sealed class Sharded(ICollectives group, bool losesTheLast, Action<Tensor> afterGather) : IWeightHome
    {
        public StoredWeight Adopt(Parameter parameter, StoredWeight stored)
        {
            using (stored)
            {
                return Pieces(stored, w => w.narrow(0, group.Rank * (w.size(0) / group.Size), w.size(0) / group.Size).clone());
            }
        }

        public StoredWeight Fetch(Parameter parameter, StoredWeight stored) => Pieces(stored, shard =>
        {
            var whole = empty([shard.size(0) * group.Size, .. shard.shape[1..]], dtype: shard.dtype);
            group.AllGather(shard, whole).Wait();
            if (losesTheLast)
            {
                whole.narrow(0, whole.size(0) - 1, 1).zero_();
            }

            afterGather(whole);
            return whole;
        });

        public void Return(Parameter parameter, StoredWeight fetched) => fetched.Dispose();

        private static StoredWeight Pieces(StoredWeight stored, Func<Tensor, Tensor> make) => new()
        {
            Pieces = stored.Pieces.ToDictionary(p => p.Key, p => make(p.Value).DetachFromDisposeScope()),
            Shape = stored.Shape,
            DType = stored.DType,
        };
    }
}
