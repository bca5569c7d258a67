using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The gate of a gated MLP: <c>y = act(gate) * up</c> (Shazeer 2020). Saves its two inputs.</summary>
public sealed class GatedActivation : Operator
{
    private readonly string activation;

    /// <summary>Creates the operator.</summary>
    /// <param name="activation">The name in checkpoints: <c>silu</c>, <c>swish</c>, <c>gelu</c>, <c>gelu_pytorch_tanh</c>, <c>gelu_new</c> or <c>relu</c>.</param>
    /// <exception cref="InputException">The name is not known.</exception>
    public GatedActivation(string activation)
        => this.activation = Known.Contains(activation) ? activation : throw new InputException(
            $"The activation '{activation}' is not known. Known: {string.Join(", ", Known)}. It comes from 'hidden_act' in the model's config.json.");

    private static string[] Known { get; } = ["silu", "swish", "gelu", "gelu_pytorch_tanh", "gelu_new", "relu"];

    /// <inheritdoc/>
    public override string Name => "gated_activation";

    private bool IsSilu => activation is "silu" or "swish";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (gate, up) = (context.Input(0), context.Input(1));
        if (!gate.shape.SequenceEqual(up.shape))
        {
            throw new ArgumentException($"gated_activation: gate [{string.Join(", ", gate.shape)}] and up [{string.Join(", ", up.shape)}] differ in shape.");
        }

        context.Emit(IsSilu && Cpu.SwiGluLoops.Handles(gate, up)
            ? Cpu.SwiGluLoops.Forward(gate, up)
            : Activate(gate.to(ScalarType.Float32)).mul_(up).to(gate.dtype));
        context.SaveInput(0);
        context.SaveInput(1);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (dy, gate, up) = (context.Gradient, context.Input(0), context.Input(1));
        if (IsSilu && Cpu.SwiGluLoops.Handles(gate, up, dy))
        {
            var (dGate, dUp) = Cpu.SwiGluLoops.Backward(dy, gate, up);
            context.Give(0, dGate);
            context.Give(1, dUp);
            return;
        }

        var wide = gate.to(ScalarType.Float32);
        context.Give(1, Activate(wide).mul_(dy).to(up.dtype));
        context.Give(0, Derivative(wide).mul_(up).mul_(dy).to(gate.dtype));
    }

    private Tensor Activate(Tensor x) => activation switch
    {
        "silu" or "swish" => x.sigmoid().mul_(x),
        "relu" => x.clamp_min(Scalars.Zero),
        "gelu" => Normal(x).mul_(x),
        _ => Tanh(x).add_(Scalars.One, Scalars.One).mul_(x).mul_(Scalars.Of(0.5)),
    };

    private Tensor Derivative(Tensor x)
    {
        switch (activation)
        {
            case "silu" or "swish":
                var s = x.sigmoid();
                return x.mul(s.neg().add_(Scalars.One, Scalars.One)).add_(Scalars.One, Scalars.One).mul_(s);
            case "relu":
                return x.gt(Scalars.Zero).to(ScalarType.Float32);
            case "gelu":
                var density = x.mul(x).mul_(Scalars.Of(-0.5)).exp_().mul_(Scalars.Of(1 / Math.Sqrt(2 * Math.PI)));
                return density.mul_(x).add_(Normal(x), Scalars.One);
            default:
                var t = Tanh(x);
                var inner = x.mul(x).mul_(Scalars.Of(3 * 0.044715)).add_(Scalars.One, Scalars.One).mul_(Scalars.Of(Math.Sqrt(2 / Math.PI) / 2)).mul_(x);
                var slope = t.mul(t).neg_().add_(Scalars.One, Scalars.One).mul_(inner);
                return t.add_(Scalars.One, Scalars.One).mul_(Scalars.Of(0.5)).add_(slope, Scalars.One);
        }
    }

    private static Tensor Normal(Tensor x) => x.mul(Scalars.Of(Math.Sqrt(0.5))).erf_().add_(Scalars.One, Scalars.One).mul_(Scalars.Of(0.5));

    private static Tensor Tanh(Tensor x)
        => x.mul(x).mul_(Scalars.Of(0.044715)).add_(Scalars.One, Scalars.One).mul_(x).mul_(Scalars.Of(Math.Sqrt(2 / Math.PI))).tanh_();
}
