using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;

namespace Neoteny.Benchmarks.Losses;

/// <summary>A head that is a weight and nothing else.</summary>
internal sealed class PlainHead(Parameter weight) : IHead
{
    public Parameter Weight => weight;

    public Parameter? Bias => null;

    public IReadOnlyList<LowRankDelta> Deltas => [];

    public Value Forward(Tape tape, Value hidden_TH) => tape.Apply(new Linear(weight), hidden_TH);
}
