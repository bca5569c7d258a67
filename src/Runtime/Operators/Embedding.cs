using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Looks rows of a table up: <c>y[t] = scale * W[ids[t]]</c>. Its only input is the ids, int64 <c>[T]</c>, as a constant.</summary>
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
        context.Emit(scale == 1 ? rows_TH : rows_TH.mul_(Scalars.Of(scale)));
        context.SaveInput(0);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (weight.Trains)
        {
            weight.AddRows(context.Input(0), scale == 1 ? context.Gradient : context.Gradient.mul(Scalars.Of(scale)));
        }
    }
}
