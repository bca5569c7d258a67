using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Looks rows of a table up: <c>y[t] = scale * W[ids[t]]</c>. Its only input is the ids, int64 <c>[T]</c>, as a constant.</summary>
/// <remarks>The scale is rounded to the dtype of the table first, as models with scaled embeddings were trained (55.4 is 55.5 in bf16).</remarks>
public sealed class Embedding(Parameter weight, double scale = 1) : Operator
{
    /// <inheritdoc/>
    public override string Name => "embedding";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; } = [weight];

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        using var table_VH = weight.Rent();
        var rows_TH = table_VH.Tensor.index_select(0, context.Input(0));
        context.Emit(scale == 1 ? rows_TH : rows_TH.mul_(Factor(rows_TH.dtype)));
        context.SaveInput(0);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (weight.Trains)
        {
            weight.AddRows(context.Input(0), scale == 1 ? context.Gradient : context.Gradient.mul(Factor(context.Gradient.dtype)));
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
