using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

/// <summary>Stacked experts with random weights, and the same computed in fp64 by libtorch, an assignment at a time.</summary>
internal sealed class ExpertSet : IExperts, IDisposable
{
    public const int Experts = 5, Hidden = 12, Intermediate = 7;

    public ExpertSet(ExpertActivation activation, bool biases = false, int rank = 0, ScalarType dtype = ScalarType.Float32)
    {
        Activation = activation;
        GateUp = Make("gate_up_proj", dtype, Experts, 2 * Intermediate, Hidden);
        Down = Make("down_proj", dtype, Experts, Hidden, Intermediate);
        (GateUpBias, DownBias) = biases
            ? (Make("gate_up_proj_bias", dtype, Experts, 2 * Intermediate), Make("down_proj_bias", dtype, Experts, Hidden))
            : (null, null);
        Deltas = rank == 0 ? [] : [Delta(DeltaTarget.GateUp, rank, Hidden, 2 * Intermediate), Delta(DeltaTarget.Down, rank + 1, Intermediate, Hidden)];
    }

    public Parameter GateUp { get; }

    public Parameter? GateUpBias { get; }

    public Parameter Down { get; }

    public Parameter? DownBias { get; }

    public ExpertActivation Activation { get; }

    public IReadOnlyList<LowRankDelta> Deltas { get; }

    public IEnumerable<Parameter> Parameters => new[] { GateUp, Down, GateUpBias, DownBias }.OfType<Parameter>().Concat(Deltas.SelectMany(d => d.Parameters));

    public Value Forward(Tape tape, Value x_TH, Routing routing) => tape.Apply(new Runtime.Operators.Experts(this), x_TH, routing.Experts, routing.Weights);

    /// <summary>The same in fp64; <paramref name="leaves"/> are the parameters in their order.</summary>
    public Tensor Reference(Tensor x_TH, Tensor experts_TK, Tensor weights_TK, IReadOnlyDictionary<Parameter, Tensor> leaves)
    {
        var (gateUp, down) = (Whole(GateUp, DeltaTarget.GateUp, leaves), Whole(Down, DeltaTarget.Down, leaves));
        var rows = new List<Tensor>();
        for (long t = 0; t < x_TH.size(0); t++)
        {
            var sum = zeros(Hidden, dtype: ScalarType.Float64);
            for (long j = 0; j < experts_TK.size(1); j++)
            {
                var e = experts_TK[t, j].item<long>();
                var joined = gateUp[e].mv(x_TH[t]);
                var y = down[e].mv(Unit(GateUpBias is null ? joined : Plain.Sum(joined, leaves[GateUpBias][e])));
                sum = Plain.Sum(sum, (DownBias is null ? y : Plain.Sum(y, leaves[DownBias][e])).mul(weights_TK[t, j]));
            }

            rows.Add(sum);
        }

        return stack(rows);
    }

    public void Dispose()
    {
        foreach (var parameter in Parameters)
        {
            parameter.Dispose();
        }
    }

    private Tensor Unit(Tensor joined)
    {
        var (gate, up) = (joined.narrow(0, 0, Intermediate), joined.narrow(0, Intermediate, Intermediate));
        if (Activation.Limit is { } limit)
        {
            (gate, up) = (gate.clamp_max(Scalars.Of(limit)), up.clamp(Scalars.Of(-limit), Scalars.Of(limit)));
        }

        var activated = Activation.Alpha == 1 ? Plain.Activation(Activation.Name, gate) : gate.mul(gate.mul(Scalars.Of(Activation.Alpha)).sigmoid());
        return activated.mul(up.add(Scalars.Of(Activation.UpOffset), Scalars.One));
    }

    private Tensor Whole(Parameter weight, DeltaTarget target, IReadOnlyDictionary<Parameter, Tensor> leaves)
    {
        var whole = leaves[weight];
        foreach (var delta in Deltas.Where(d => d.Target == target))
        {
            var a_ERI = leaves[delta.A].reshape(Experts, -1, leaves[delta.A].size(1));
            var b_EOR = leaves[delta.B].reshape(leaves[delta.B].size(0), -1, Experts).permute(2, 0, 1);
            whole = Plain.Sum(whole, b_EOR.bmm(a_ERI).mul(Scalars.Of(delta.Scale)));
        }

        return whole;
    }

    private static LowRankDelta Delta(DeltaTarget target, int rank, int inputs, int outputs) => new()
    {
        A = Make("lora_A", ScalarType.Float32, Experts * rank, inputs),
        B = Make("lora_B", ScalarType.Float32, outputs, Experts * rank),
        Scale = 1.7,
        Target = target,
        ExpertCount = Experts,
    };

    private static Parameter Make(string name, ScalarType dtype, params long[] shape) => new(name, randn(shape).to(dtype)) { Trains = true };
}
