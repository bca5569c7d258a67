using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;

namespace Neoteny.Conformance;

/// <summary>A head of whatever parts a case wants. Owns its parameters.</summary>
internal sealed class ConformanceHead(Parameter weight) : IHead, IDisposable
{
    public Parameter Weight => weight;

    public Parameter? Bias { get; init; }

    public IReadOnlyList<LowRankDelta> Deltas { get; init; } = [];

    public double Softcap { get; init; }

    public IEnumerable<Parameter> Parameters => [Weight, .. Bias is { } bias ? [bias] : Array.Empty<Parameter>(), .. Deltas.SelectMany(d => d.Parameters)];

    public Value Forward(Tape tape, Value hidden_TH) => tape.Apply(new Linear(weight, Bias, Deltas), hidden_TH);

    public void Dispose()
    {
        foreach (var parameter in Parameters)
        {
            parameter.Dispose();
        }
    }
}
