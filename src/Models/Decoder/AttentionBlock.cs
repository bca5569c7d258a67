using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>The plain self attention of one layer: project, normalize, turn, attend with the kernel of the moment, project back.</summary>
internal sealed class AttentionBlock(int index, GroupedAttention layer, AttentionParts parts, Slot<IAttention> kernel) : IAttentionBlock
{
    private readonly AttentionSpec spec = layer.Kernel;
    private readonly View queries = new(-1, layer.QueryHeads, layer.HeadSize);
    private readonly View keys = new(-1, layer.KeyHeads, layer.HeadSize);
    private readonly View flat = new(-1, (long)layer.QueryHeads * layer.HeadSize);
    private readonly Clamp? clamp = layer.ProjectionLimit is { } limit ? new(limit) : null;
    private readonly PairsToHalves? halves = parts.PairedFeatures == 0 ? null : new(parts.PairedFeatures);

    public AttentionSpec Spec => spec;

    public IProjections? Projections => parts.Projections.Current as IProjections;

    public ILinear Output => (ILinear)parts.Output.Current;

    public Value Forward(Tape tape, Value x_TH, RowContext row) => After(tape, Attend(tape, Before(tape, x_TH, row.Angles), row));

    /// <summary>The kernel of the moment.</summary>
    public IAttention Kernel => kernel.Current;

    /// <summary>What happens before attention; it depends on the row by its angles alone.</summary>
    public (Value Query, Value Key, Value Value) Before(Tape tape, Value x_TH, RotaryAngles angles)
    {
        var (q, k, v) = Project(tape, x_TH);
        var (q_TQD, k_TKD) = Turn(tape, Heads(tape, q, parts.QueryNorm, queries), Heads(tape, k, parts.KeyNorm, keys), angles);
        return (q_TQD, k_TKD, Heads(tape, v, norm: null, keys));
    }

    /// <summary>Attention over the documents of the row.</summary>
    public Value Attend(Tape tape, (Value Query, Value Key, Value Value) projected, RowContext row)
    {
        if (row.Cache is { } cache)
        {
            (projected.Key, projected.Value) = cache.Append(tape, index, projected.Key, projected.Value);
        }

        return Attend(tape, projected, row.Layout);
    }

    /// <summary>Attention over documents that are not in a cache.</summary>
    public Value Attend(Tape tape, (Value Query, Value Key, Value Value) projected, SequenceLayout layout)
        => tape.Apply(new Attend(kernel.Current, spec, layout, parts.Sinks), projected.Query.Donate(), projected.Key.Donate(), projected.Value.Donate());

    /// <summary>What happens after attention.</summary>
    public Value After(Tape tape, Value attended_TQD) => Output.Forward(tape, tape.Apply(flat, attended_TQD.Donate()).Donate());

    private (Value Query, Value Key, Value Value) Project(Tape tape, Value x_TH)
        => parts.Projections.Current is IFusedProjections fused ? fused.Forward(tape, x_TH) : Projections!.Forward(tape, x_TH);

    private Value Heads(Tape tape, Value flat, ModuleSite? norm, View heads) => (norm?.Current as INorm, layer.QueryKeyNorm) switch
    {
        (null, _) => tape.Apply(heads, Bounded(tape, flat).Donate()),
        ({ } each, QueryKeyNorm.PerHead) => Bounded(tape, each.Forward(tape, tape.Apply(heads, flat.Donate()).Donate())),
        ({ } whole, _) => tape.Apply(heads, Bounded(tape, whole.Forward(tape, flat.Donate())).Donate()),
    };

    private Value Bounded(Tape tape, Value x) => clamp is null ? x : tape.Apply(clamp, x.Donate());

    private (Value Query, Value Key) Turn(Tape tape, Value query, Value key, RotaryAngles angles)
    {
        if (parts.Rotary is null)
        {
            return (query, key);
        }

        // Scores do not change when the features of queries and keys are permuted alike, so kernels know one order only.
        if (halves is not null)
        {
            (query, key) = (tape.Apply(halves, query.Donate()), tape.Apply(halves, key.Donate()));
        }

        return ((IRotary)parts.Rotary.Current).Forward(tape, query.Donate(), key.Donate(), angles);
    }
}

/// <summary>The sites that an attention block calls.</summary>
internal sealed record AttentionParts
{
    public required ModuleSite Projections { get; init; }

    public required ModuleSite Output { get; init; }

    public ModuleSite? Rotary { get; init; }

    public ModuleSite? QueryNorm { get; init; }

    public ModuleSite? KeyNorm { get; init; }

    public Parameter? Sinks { get; init; }

    /// <summary>How many leading features of a head turn as neighbours; 0 when they turn as halves.</summary>
    public int PairedFeatures { get; init; }
}
