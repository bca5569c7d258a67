using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Asks another router and keeps a copy of what it said.</summary>
internal sealed class RecordingRouter(IRouter inner) : IRouter
{
    public Parameter Weight => inner.Weight;

    public IReadOnlyList<LowRankDelta> Deltas => inner.Deltas;

    public RouterScoring Scoring => inner.Scoring;

    public int ExpertCount => inner.ExpertCount;

    public Tensor? Logits { get; private set; }

    public Tensor? Experts { get; private set; }

    public Tensor? Weights { get; private set; }

    public Routing Forward(Tape tape, Value x_TH)
    {
        var routing = inner.Forward(tape, x_TH);
        (Logits, Experts, Weights) = (routing.Logits.Tensor.clone(), routing.Experts.Tensor.clone(), routing.Weights.Tensor.clone());
        return routing;
    }
}
