using Neoteny.Adapters;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// n rows of one expert, E experts, I input features, O output features, R rank

/// <summary>One stacked linear map of a set of experts with its deltas, an expert at a time: <c>y = x W_e' + b_e + sum of s * x A_e' B_e'</c>.</summary>
internal sealed class ExpertMatrix(Parameter weight, Parameter? bias, IReadOnlyList<LowRankDelta> deltas)
{
    public IEnumerable<Parameter> Parameters => [weight, .. bias is null ? [] : new[] { bias }, .. deltas.SelectMany(d => d.Parameters)];

    public Tensor Forward(Tensor w_EOI, int expert, Tensor x_nI)
    {
        var y_nO = nn.functional.linear(x_nI, w_EOI.select(0, expert));
        if (bias is not null)
        {
            using var b_EO = bias.Rent(x_nI.dtype);
            y_nO.add_(b_EO.Tensor.select(0, expert), Scalars.One);
        }

        foreach (var delta in deltas)
        {
            using var a = delta.A.Rent(x_nI.dtype);
            using var b = delta.B.Rent(x_nI.dtype);
            y_nO.addmm_(nn.functional.linear(x_nI, Down(delta, a.Tensor, expert)), Up(b.Tensor, expert).t(), 1f, (float)delta.Scale);
        }

        return y_nO;
    }

    /// <summary>The gradient of the input.</summary>
    public Tensor InputGradient(Tensor w_EOI, int expert, Tensor dy_nO)
    {
        var dx_nI = dy_nO.mm(w_EOI.select(0, expert));
        foreach (var delta in deltas)
        {
            using var a = delta.A.Rent(dy_nO.dtype);
            using var b = delta.B.Rent(dy_nO.dtype);
            dx_nI.addmm_(dy_nO.mm(Up(b.Tensor, expert)), Down(delta, a.Tensor, expert), 1f, (float)delta.Scale);
        }

        return dx_nI;
    }

    /// <summary>Adds the gradients of weight, bias and deltas.</summary>
    public void AddGradients(int expert, Tensor dy_nO, Tensor x_nI)
    {
        if (weight.Trains)
        {
            weight.AddSliceProduct(expert, dy_nO, x_nI);
        }

        if (bias is { Trains: true })
        {
            bias.AddGradient(g => g.select(0, expert), dy_nO.sum(0L));
        }

        foreach (var delta in deltas)
        {
            using var a = delta.A.Rent(dy_nO.dtype);
            using var b = delta.B.Rent(dy_nO.dtype);
            var scaled_nO = dy_nO.mul(Scalars.Of(delta.Scale));
            if (delta.A.Trains)
            {
                delta.A.AddGradient(g => Down(delta, g, expert), scaled_nO.mm(Up(b.Tensor, expert)).t().mm(x_nI));
            }

            if (delta.B.Trains)
            {
                delta.B.AddGradient(g => Up(g, expert), scaled_nO.t().mm(nn.functional.linear(x_nI, Down(delta, a.Tensor, expert))));
            }
        }
    }

    /// <summary>The biases' part of <c>sum over o of dy * y</c>, fp32 <c>[n]</c>; null without biases.</summary>
    public Tensor? BiasProduct(int expert, Tensor dy_nO)
    {
        if (bias is null)
        {
            return null;
        }

        using var b_EO = bias.Rent(ScalarType.Float32);
        return dy_nO.to(ScalarType.Float32).mv(b_EO.Tensor.select(0, expert));
    }

    /// <summary>Rows <c>e * R</c> and on of A.</summary>
    private static Tensor Down(LowRankDelta delta, Tensor a_ERI, int expert) => a_ERI.narrow(0, expert * delta.Rank, delta.Rank);

    /// <summary>Every E-th column of B, from column e on: <c>[O, R]</c>.</summary>
    private Tensor Up(Tensor b_ORE, int expert) => b_ORE.view(b_ORE.size(0), -1, weight.Shape[0]).select(2, expert);
}
