using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>The plain self attention of one layer: project, turn, attend with the kernel of the moment, project back.</summary>
internal sealed class AttentionBlock(
    int layer, AttentionSpec spec, ModuleSite projections, ModuleSite rotary, ModuleSite output, Slot<IAttention> kernel) : IAttentionBlock
{
    private readonly View queries = new(-1, spec.QueryHeads, spec.HeadSize);
    private readonly View keys = new(-1, spec.KeyHeads, spec.HeadSize);
    private readonly View flat = new(-1, (long)spec.QueryHeads * spec.HeadSize);

    public AttentionSpec Spec => spec;

    public IProjections Projections => (IProjections)projections.Current;

    public ILinear Output => (ILinear)output.Current;

    public Value Forward(Tape tape, Value x_TH, RowContext row)
    {
        var (q, k, v) = Projections.Forward(tape, x_TH);
        var (qT, kT) = ((IRotary)rotary.Current).Forward(
            tape, tape.Apply(queries, q.Donate()).Donate(), tape.Apply(keys, k.Donate()).Donate(), row.Angles);
        var vT = tape.Apply(keys, v.Donate());
        if (row.Cache is { } cache)
        {
            (kT, vT) = cache.Append(tape, layer, kT, vT);
        }

        var attended = tape.Apply(new Attend(kernel.Current, spec, row.Layout), qT.Donate(), kT.Donate(), vT.Donate());
        return Output.Forward(tape, tape.Apply(flat, attended.Donate()).Donate());
    }
}
