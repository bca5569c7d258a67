using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The gated unit of an expert on joined halves: <c>[n, 2 * I]</c>, gate first, to <c>[n, I]</c>. Computed in fp32.</summary>
/// <remarks>Clamping passes the gradient where the value was within the limits, as libtorch's does.</remarks>
public static class ExpertUnit
{
    /// <summary>The unit's values, in the dtype of its input; a new tensor.</summary>
    public static Tensor Forward(ExpertActivation activation, Tensor gateUp)
    {
        var (gate, up) = Halves(activation, gateUp);
        return Activate(activation, gate).mul_(up).to(gateUp.dtype);
    }

    /// <summary>The gradient of the joined halves; a new tensor.</summary>
    public static Tensor Backward(ExpertActivation activation, Tensor gateUp, Tensor gradient)
    {
        var (gate, up) = Halves(activation, gateUp);
        var wide = gradient.to(ScalarType.Float32);
        var dUp = Activate(activation, gate).mul_(wide);
        var dGate = Derivative(activation, gate).mul_(up).mul_(wide);
        if (activation.Limit is { } limit)
        {
            var (rawGate, rawUp) = Raw(gateUp);
            dGate.masked_fill_(rawGate.gt(Scalars.Of(limit)), Scalars.Zero);
            dUp.masked_fill_(rawUp.abs().gt(Scalars.Of(limit)), Scalars.Zero);
        }

        return cat([dGate, dUp], -1).to(gateUp.dtype);
    }

    private static (Tensor Gate, Tensor Up) Raw(Tensor gateUp)
    {
        var half = gateUp.size(-1) / 2;
        return (gateUp.narrow(-1, 0, half).to(ScalarType.Float32), gateUp.narrow(-1, half, half).to(ScalarType.Float32));
    }

    private static (Tensor Gate, Tensor Up) Halves(ExpertActivation activation, Tensor gateUp)
    {
        var (gate, up) = Raw(gateUp);
        if (activation.Limit is { } limit)
        {
            (gate, up) = (gate.clamp_max(Scalars.Of(limit)), up.clamp(Scalars.Of(-limit), Scalars.Of(limit)));
        }

        return (gate, activation.UpOffset == 0 ? up : up.add(Scalars.Of(activation.UpOffset), Scalars.One));
    }

    private static Tensor Activate(ExpertActivation activation, Tensor gate) => activation.Alpha == 1
        ? ActivationFunction.Of(activation.Name, gate)
        : gate.mul(Scalars.Of(activation.Alpha)).sigmoid_().mul_(gate);

    private static Tensor Derivative(ExpertActivation activation, Tensor gate)
    {
        if (activation.Alpha == 1)
        {
            return ActivationFunction.Derivative(activation.Name, gate);
        }

        // d/dg of g * s(a g) is s * (1 + a g (1 - s)).
        var scaled = gate.mul(Scalars.Of(activation.Alpha));
        var s = scaled.sigmoid();
        return scaled.mul_(s.neg().add_(Scalars.One, Scalars.One)).add_(Scalars.One, Scalars.One).mul_(s);
    }
}
