using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// T tokens, I input features, O output features, R rank

/// <summary>The plain linear map with its low-rank deltas: <c>y = x W' + b + sum of s * dropout(x) A' B'</c>.</summary>
/// <remarks>Saves x where a weight or a delta trains, and <c>dropout(x) A'</c> of each delta.</remarks>
public sealed class Linear : Operator
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly IReadOnlyList<LowRankDelta> deltas;

    /// <summary>Creates the operator of one site.</summary>
    /// <param name="weight"><c>[O, I]</c>.</param>
    /// <param name="bias"><c>[O]</c>, or null.</param>
    /// <param name="deltas">Deltas without magnitude; see <see cref="MagnitudeLinear"/> for those with one.</param>
    public Linear(Parameter weight, Parameter? bias = null, IReadOnlyList<LowRankDelta>? deltas = null)
    {
        (this.weight, this.bias, this.deltas) = (weight, bias, deltas ?? []);
        Parameters = [weight, .. bias is null ? [] : new[] { bias }, .. this.deltas.SelectMany(d => d.Parameters)];
    }

    /// <inheritdoc/>
    public override string Name => "linear";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var x_TI = context.Input(0);
        var y_TO = WeightProducts.Forward(weight, bias, x_TI);
        for (var call = 0; call < deltas.Count; call++)
        {
            var delta = deltas[call];
            var h_TR = LowRank.Down(delta, context.IsRecording && delta.Dropout > 0 ? Dropped(delta, x_TI, context.Random, call) : x_TI);
            LowRank.Up(delta, h_TR, y_TO);
            context.Save(h_TR);
        }

        if (weight.Trains || deltas.Count > 0)
        {
            context.SaveInput(0);
        }

        context.Emit(y_TO);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var dy_TO = context.Gradient;
        if (deltas.Count == 0 && weight.Format.Product is null && context.NeedsGradient(0) && context.Gathered(0) is not null)
        {
            using var w_OI = weight.Rent(dy_TO.dtype);
            context.GiveProduct(0, dy_TO, w_OI.Tensor);
            Train(context, dy_TO);
            return;
        }

        var dx_TI = context.NeedsGradient(0) ? WeightProducts.InputGradient(weight, dy_TO) : null;
        for (var call = 0; call < deltas.Count; call++)
        {
            var delta = deltas[call];
            var mask = DropoutMask.Of(delta.Dropout, context.Input(0), context.Random, call);
            LowRank.Backward(delta, dy_TO, mask is null ? context.Input(0) : context.Input(0).mul(mask), context.Extra(call), mask, dx_TI);
        }

        Train(context, dy_TO);
        if (dx_TI is not null)
        {
            context.Give(0, dx_TI);
        }
    }

    private void Train(BackwardContext context, Tensor dy_TO)
    {
        if (weight.Trains)
        {
            WeightProducts.WeightGradient(weight, dy_TO, context.Input(0));
        }

        if (bias is { Trains: true })
        {
            bias.AddGradient(dy_TO.sum(0L));
        }
    }

    private static Tensor Dropped(LowRankDelta delta, Tensor x_TI, RandomSource random, int call) => x_TI.mul(DropoutMask.Of(delta.Dropout, x_TI, random, call)!);
}
