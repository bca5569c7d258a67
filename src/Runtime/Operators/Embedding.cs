using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Looks rows of a table up, low-rank deltas added: <c>y[t] = scale * (W[ids[t]] + sum of s * B[ids[t]] A)</c>. Its only input is the ids, int64 <c>[T]</c>, as a constant.</summary>
/// <remarks>The scale is rounded to the dtype of the table first, as models with scaled embeddings were trained (55.4 is 55.5 in bf16).</remarks>
/// <param name="weight">W, <c>[V, H]</c>.</param>
/// <param name="scale">Factor on the rows.</param>
/// <param name="deltas">Deltas with A <c>[R, H]</c> and B <c>[V, R]</c>; none for null.</param>
public sealed class Embedding(Parameter weight, double scale = 1, IReadOnlyList<LowRankDelta>? deltas = null) : Operator
{
    /// <inheritdoc/>
    public override string Name => "embedding";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; } = [weight, .. (deltas ?? []).SelectMany(d => d.Parameters)];

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        using var table_VH = weight.Rent();
        var rows_TH = table_VH.Tensor.index_select(0, context.Input(0));
        foreach (var delta in deltas ?? [])
        {
            using var b_VR = delta.B.Rent(rows_TH.dtype);
            using var a_RH = delta.A.Rent(rows_TH.dtype);
            rows_TH.addmm_(b_VR.Tensor.index_select(0, context.Input(0)), a_RH.Tensor, 1f, (float)delta.Scale);
        }

        context.Emit(scale == 1 ? rows_TH : rows_TH.mul_(Factor(rows_TH.dtype)));
        context.SaveInput(0);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var ids_T = context.Input(0);
        var dy_TH = scale == 1 ? context.Gradient : context.Gradient.mul(Factor(context.Gradient.dtype));
        if (weight.Trains)
        {
            weight.AddRows(ids_T, dy_TH);
        }

        foreach (var delta in deltas ?? [])
        {
            var scaled_TH = dy_TH.mul(Scalars.Of(delta.Scale));
            if (delta.A.Trains)
            {
                using var b_VR = delta.B.Rent(dy_TH.dtype);
                delta.A.AddProduct(b_VR.Tensor.index_select(0, ids_T), scaled_TH);
            }

            if (delta.B.Trains)
            {
                using var a_RH = delta.A.Rent(dy_TH.dtype);
                delta.B.AddRows(ids_T, scaled_TH.mm(a_RH.Tensor.t()));
            }
        }
    }

    private TorchSharp.Scalar Factor(ScalarType dtype) => Scalars.Of(dtype switch
    {
        ScalarType.BFloat16 => BFloat16((float)scale),
        ScalarType.Float16 => (double)(Half)scale,
        _ => (float)scale,
    });

    // Rounds to 8 significant bits, half to even.
    private static float BFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}
