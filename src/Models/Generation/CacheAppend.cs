using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Models.Generation;

/// <summary>Appends a packed row's keys and values to their sequences and gives all of them, packed. Inference only.</summary>
internal sealed class CacheAppend(IReadOnlyList<CachedSequence> sequences, IReadOnlyList<int> newTokens) : Operator
{
    public override string Name => "cache_append";

    public override void Forward(ForwardContext context)
    {
        var (key, value) = (context.Input(0), context.Input(1));
        long at = 0;
        for (var i = 0; i < sequences.Count; at += newTokens[i], i++)
        {
            sequences[i].Append(key.narrow(0, at, newTokens[i]), value.narrow(0, at, newTokens[i]));
        }

        var all = sequences.Select(s => s.All()).ToList();
        context.Emit(all.Count == 1 ? all[0].Keys : cat([.. all.Select(a => a.Keys)]));
        context.Emit(all.Count == 1 ? all[0].Values : cat([.. all.Select(a => a.Values)]));
    }

    public override void Backward(BackwardContext context) => throw new InvalidOperationException("A key-value cache has no backward pass.");
}
