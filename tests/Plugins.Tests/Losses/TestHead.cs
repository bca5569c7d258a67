using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;

namespace Neoteny.Plugins.Tests.Losses;

/// <summary>A head of whatever parts a test wants.</summary>
internal sealed class TestHead(Parameter weight) : IHead, IDisposable
{
    public Parameter Weight => weight;

    public Parameter? Bias { get; init; }

    public IReadOnlyList<LowRankDelta> Deltas { get; init; } = [];

    public double Softcap { get; init; }

    public Value Forward(Tape tape, Value hidden_TH) => tape.Apply(new Linear(weight, Bias, Deltas), hidden_TH);

    public void Dispose()
    {
        foreach (var parameter in Deltas.SelectMany(d => d.Parameters).Append(weight).Concat(Bias is null ? [] : [Bias]))
        {
            parameter.Dispose();
        }
    }
}
