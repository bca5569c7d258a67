using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The activations of gated MLPs by their names in checkpoints, on fp32 tensors.</summary>
internal static class ActivationFunction
{
    private static readonly string[] Known = ["silu", "swish", "gelu", "gelu_pytorch_tanh", "gelu_new", "relu"];

    /// <summary>The name, if it is known.</summary>
    /// <exception cref="InputException">It is not.</exception>
    public static string Check(string activation) => Known.Contains(activation) ? activation : throw new InputException(
        $"The activation '{activation}' is not known. Known: {string.Join(", ", Known)}. It comes from 'hidden_act' in the model's config.json.");

    /// <summary>Its values; a new tensor.</summary>
    public static Tensor Of(string activation, Tensor x) => activation switch
    {
        "silu" or "swish" => x.sigmoid().mul_(x),
        "relu" => x.clamp_min(Scalars.Zero),
        "gelu" => Normal(x).mul_(x),
        _ => Tanh(x).add_(Scalars.One, Scalars.One).mul_(x).mul_(Scalars.Of(0.5)),
    };

    /// <summary>Its derivative; a new tensor.</summary>
    public static Tensor Derivative(string activation, Tensor x)
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
