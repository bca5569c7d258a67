using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

// T tokens, S keys, Q heads, N plain features of a head, R turned ones, D = N + R, V value size, L latent features of keys and values

/// <summary>The plain latent attention of one layer. The cache holds whole keys and values, not the latent.</summary>
internal sealed class LatentAttentionBlock(int index, LatentAttention layer, LatentParts parts, Slot<IAttention> kernel) : IAttentionBlock
{
    private readonly AttentionSpec spec = layer.Kernel;
    private readonly View queryHeads = new(-1, layer.QueryHeads, layer.HeadSize);
    private readonly View keyValueHeads = new(-1, layer.QueryHeads, layer.PlainSize + layer.ValueSize);
    private readonly View sharedHead = new(-1, 1, layer.TurnedSize);
    private readonly View flat = new(-1, (long)layer.QueryHeads * layer.ValueSize);
    private readonly Split queryParts = new(layer.PlainSize, layer.TurnedSize);
    private readonly Split latentParts = new(layer.KeyValueRank, layer.TurnedSize);
    private readonly Split keyValueParts = new(layer.PlainSize, layer.ValueSize);
    private readonly PairsToHalves? halves = parts.TurnsNeighbours ? new(layer.TurnedSize) : null;

    public AttentionSpec Spec => spec;

    public IProjections? Projections => null;

    public ILinear Output => (ILinear)parts.Output.Current;

    public Value Forward(Tape tape, Value x_TH, RowContext row)
    {
        var q_TQD = tape.Apply(queryHeads, Query(tape, x_TH).Donate());
        var latent = tape.ApplyMany(latentParts, Linear(parts.KeyValueDown).Forward(tape, x_TH.Donate()).Donate());
        var normed_TL = ((INorm)parts.KeyValueNorm.Current).Forward(tape, latent[0].Donate());
        var kv = tape.ApplyMany(keyValueParts, tape.Apply(keyValueHeads, Linear(parts.KeyValue).Forward(tape, normed_TL.Donate()).Donate()).Donate());
        var q = tape.ApplyMany(queryParts, q_TQD.Donate());
        var (qTurned_TQR, kTurned_T1R) = Turn(tape, q[1], tape.Apply(sharedHead, latent[1].Donate()), row);
        var query_TQD = tape.Apply(JoinFeatures.Instance, q[0].Donate(), qTurned_TQR.Donate());
        var (key_SQD, value_SQV) = (tape.Apply(JoinFeatures.Instance, kv[0].Donate(), kTurned_T1R.Donate()), kv[1]);
        if (row.Cache is { } cache)
        {
            (key_SQD, value_SQV) = cache.Append(tape, index, key_SQD, value_SQV);
        }

        var attended = tape.Apply(new Attend(kernel.Current, spec, row.Layout), query_TQD.Donate(), key_SQD.Donate(), value_SQV.Donate());
        return Output.Forward(tape, tape.Apply(flat, attended.Donate()).Donate());
    }

    private Value Query(Tape tape, Value x_TH)
    {
        if (parts.QueryDown is null)
        {
            return Linear(parts.Query).Forward(tape, x_TH);
        }

        var latent = Linear(parts.QueryDown).Forward(tape, x_TH);
        return Linear(parts.Query).Forward(tape, ((INorm)parts.QueryNorm!.Current).Forward(tape, latent.Donate()).Donate());
    }

    private (Value Query, Value Key) Turn(Tape tape, Value query, Value key, RowContext row)
    {
        if (halves is not null)
        {
            (query, key) = (tape.Apply(halves, query.Donate()), tape.Apply(halves, key.Donate()));
        }

        return ((IRotary)parts.Rotary.Current).Forward(tape, query.Donate(), key.Donate(), row.Angles);
    }

    private static ILinear Linear(ModuleSite site) => (ILinear)site.Current;
}
