using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

// T tokens, H hidden, I intermediate, E experts, k experts a token, R rank, O outputs

/// <summary>A mixture of experts from its definition, one expert and one place after another.</summary>
internal static class ExactExperts
{
    /// <summary>The operator of a site with the deltas that it carries; inputs are x <c>[T, H]</c>, chosen experts <c>[T, k]</c> and weights <c>[T, k]</c>.</summary>
    public static Operator Operator(IExperts site)
    {
        List<Parameter> parameters = [];
        Func<IReadOnlyList<Tensor>, Tensor>? Place(Parameter? parameter)
        {
            if (parameter is null)
            {
                return null;
            }

            var at = parameters.Count;
            parameters.Add(parameter);
            return a => a[3 + at];
        }

        var (gateUp, gateUpBias) = (Weights(Place(site.GateUp)!, DeltaTarget.GateUp), Place(site.GateUpBias));
        var (down, downBias) = (Weights(Place(site.Down)!, DeltaTarget.Down), Place(site.DownBias));
        return new Differentiable("exact_experts", a => [Mix(a[0], a[1], a[2], gateUp(a), gateUpBias?.Invoke(a), down(a), downBias?.Invoke(a), site.Activation)], parameters);

        Func<IReadOnlyList<Tensor>, Tensor> Weights(Func<IReadOnlyList<Tensor>, Tensor> dense, DeltaTarget target)
        {
            var deltas = site.Deltas.Where(d => d.Target == target).Select(d => (A: Place(d.A)!, B: Place(d.B)!, d.Scale)).ToList();
            return a => deltas.Aggregate(dense(a), (w, d) => w.add(Product(d.A(a), d.B(a), w.size(0)), Scalars.Of(d.Scale)));
        }
    }

    /// <summary><c>B A</c> of each expert, from the layout that <see cref="LowRankDelta"/> describes.</summary>
    private static Tensor Product(Tensor a, Tensor b, long experts)
    {
        var rank = a.size(0) / experts;
        return b.reshape(b.size(0), rank, experts).permute(2, 0, 1).bmm(a.reshape(experts, rank, a.size(1)));
    }

    private static Tensor Mix(
        Tensor x_TH, Tensor chosen_Tk, Tensor weights_Tk, Tensor gateUp, Tensor? gateUpBias, Tensor down, Tensor? downBias, ExpertActivation activation)
    {
        var y_TH = x_TH.mul(Scalars.Zero);
        for (long place = 0; place < chosen_Tk.size(1); place++)
        {
            for (long e = 0; e < gateUp.size(0); e++)
            {
                var rows = chosen_Tk.select(1, place).eq(Scalars.Of(e)).nonzero().squeeze(1);
                if (rows.numel() > 0)
                {
                    var h = Linear(x_TH.index_select(0, rows), gateUp, gateUpBias, e);
                    var half = h.size(1) / 2;
                    var y = Linear(Unit(h.narrow(1, 0, half), h.narrow(1, half, half), activation), down, downBias, e);
                    y_TH = y_TH.index_add(0, rows, y.mul(weights_Tk.select(1, place).index_select(0, rows).unsqueeze(1)), Scalars.One);
                }
            }
        }

        return y_TH;
    }

    private static Tensor Linear(Tensor x, Tensor weights, Tensor? biases, long expert)
    {
        var y = x.mm(weights.select(0, expert).t());
        return biases is null ? y : y.add(biases.select(0, expert), Scalars.One);
    }

    private static Tensor Unit(Tensor gate, Tensor up, ExpertActivation activation)
    {
        if (activation.Limit is { } limit)
        {
            gate = gate.clamp_max(Scalars.Of(limit));
            up = up.clamp(Scalars.Of(-limit), Scalars.Of(limit));
        }

        var acted = activation.Alpha == 1
            ? ExactOperators.Activate(gate, activation.Name)
            : gate.mul(gate.mul(Scalars.Of(activation.Alpha)).sigmoid());
        return acted.mul(up.add(Scalars.Of(activation.UpOffset), Scalars.One));
    }
}
