using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// T tokens, I input features, O output features, R rank

/// <summary>A frozen linear map with a DoRA delta: <c>y = m * (W x + s B A x) / ||W + s B A|| + b</c> (Liu et al. 2024).</summary>
/// <remarks>
/// The norm is taken per output row and is constant in backward (section 4.3 of the paper). With dropout, only the difference to the plain
/// map sees the dropped input: <c>y = W x + (m / norm) (W x' + s B A x') - W x' + b</c>. Saves x, <c>x' A'</c>, the direction <c>W x' + s B A x'</c> and the norms.
/// </remarks>
public sealed class MagnitudeLinear : Operator
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly LowRankDelta delta;

    /// <summary>Creates the operator of one site.</summary>
    /// <exception cref="InvalidOperationException">The weight trains.</exception>
    public MagnitudeLinear(Parameter weight, Parameter? bias, LowRankDelta delta)
    {
        if (weight.Trains)
        {
            throw new InvalidOperationException($"{weight.Path} trains and has a delta with magnitudes; these need a frozen weight.");
        }

        (this.weight, this.bias, this.delta) = (weight, bias, delta);
        Parameters = [weight, .. bias is null ? [] : new[] { bias }, .. delta.Parameters];
    }

    /// <inheritdoc/>
    public override string Name => "magnitude_linear";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var x_TI = context.Input(0);
        var mask = context.IsRecording && delta.Dropout > 0 ? DropoutMask.Of(delta.Dropout, x_TI, context.Random) : null;
        var dropped_TI = mask is null ? x_TI : x_TI.mul(mask);
        var direction_TO = WeightProducts.Forward(weight, null, dropped_TI);
        var h_TR = LowRank.Down(delta, dropped_TI);
        var plain_TO = mask is null ? null : WeightProducts.Forward(weight, null, x_TI).sub_(direction_TO);
        LowRank.Up(delta, h_TR, direction_TO);
        var norm_O = RowNorms(x_TI.dtype);
        var y_TO = direction_TO.mul(Factor(norm_O));
        if (plain_TO is not null)
        {
            y_TO.add_(plain_TO, Scalars.One);
        }

        if (bias is not null)
        {
            using var b_O = bias.Rent(y_TO.dtype);
            y_TO.add_(b_O.Tensor, Scalars.One);
        }

        context.Emit(y_TO);
        context.SaveInput(0);
        context.Save(h_TR);
        context.Save(direction_TO);
        context.Save(norm_O);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (dy_TO, x_TI, norm_O) = (context.Gradient, context.Input(0), context.Extra(2));
        var mask = DropoutMask.Of(delta.Dropout, x_TI, context.Random);
        var dDirection_TO = dy_TO.mul(Factor(norm_O));
        if (delta.Magnitude!.Trains)
        {
            delta.Magnitude.AddGradient(dy_TO.mul(context.Extra(1)).sum(0L).div_(norm_O));
        }

        if (bias is { Trains: true })
        {
            bias.AddGradient(dy_TO.sum(0L));
        }

        var wanted = context.NeedsGradient(0);
        Tensor? dx_TI = null;
        if (wanted)
        {
            dx_TI = mask is null
                ? WeightProducts.InputGradient(weight, dDirection_TO)
                : WeightProducts.InputGradient(weight, dDirection_TO.sub(dy_TO)).mul_(mask).add_(WeightProducts.InputGradient(weight, dy_TO), Scalars.One);
        }

        LowRank.Backward(delta, dDirection_TO, mask is null ? x_TI : x_TI.mul(mask), context.Extra(0), mask, dx_TI);
        if (wanted)
        {
            context.Give(0, dx_TI!);
        }
    }

    private Tensor RowNorms(ScalarType dtype)
    {
        using var w_OI = weight.Rent(ScalarType.Float32);
        using var a_RI = delta.A.Rent(ScalarType.Float32);
        using var b_OR = delta.B.Rent(ScalarType.Float32);
        return w_OI.Tensor.addmm(b_OR.Tensor, a_RI.Tensor, 1f, (float)delta.Scale).norm(1, false, 2f).to(dtype);
    }

    private Tensor Factor(Tensor norm_O)
    {
        using var m_O = delta.Magnitude!.Rent(norm_O.dtype);
        return m_O.Tensor.div(norm_O);
    }
}
