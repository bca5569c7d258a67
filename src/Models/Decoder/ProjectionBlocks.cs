using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

// T tokens, H hidden

/// <summary>The plain projections in front of attention.</summary>
internal sealed class ProjectionsBlock(ModuleSite query, ModuleSite key, ModuleSite value) : IProjections
{
    public ILinear Query => (ILinear)query.Current;

    public ILinear Key => (ILinear)key.Current;

    public ILinear Value => (ILinear)value.Current;

    (Value Query, Value Key, Value Value) IProjections.Forward(Tape tape, Value x_TH)
    {
        var q = Query.Forward(tape, x_TH);
        var k = Key.Forward(tape, x_TH);
        return (q, k, Value.Forward(tape, x_TH.Donate()));
    }
}

/// <summary>The projections of checkpoints that hold them as one.</summary>
internal sealed class FusedProjectionsBlock(ModuleSite whole, int queries, int keys) : IFusedProjections
{
    private readonly Split parts = new(queries, keys, keys);

    public ILinear Whole => (ILinear)whole.Current;

    public (Value Query, Value Key, Value Value) Forward(Tape tape, Value x_TH)
    {
        var split = tape.ApplyMany(parts, Whole.Forward(tape, x_TH.Donate()).Donate());
        return (split[0], split[1], split[2]);
    }
}
