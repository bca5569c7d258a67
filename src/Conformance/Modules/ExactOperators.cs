using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>The reference computations of the roles, from their definitions, in the dtype of their inputs, differentiated by libtorch.</summary>
internal static class ExactOperators
{
    /// <summary>RMSNorm, or LayerNorm where centered, over the last dimension.</summary>
    public static Operator Norm(Parameter weight, Parameter? bias, double epsilon, double offset, bool centered) => new Differentiable(
        "exact_norm",
        a =>
        {
            var x = centered ? a[0].sub(a[0].mean([-1L], keepdim: true)) : a[0];
            var scale = x.mul(x).mean([-1L], keepdim: true).add(Scalars.Of(epsilon), Scalars.One).rsqrt();
            var y = x.mul(scale).mul(a[1].add(Scalars.Of(offset), Scalars.One));
            return [bias is null ? y : y.add(a[2], Scalars.One)];
        },
        bias is null ? [weight] : [weight, bias]);

    /// <summary>Rotary embedding; inputs are queries, keys, cosines and sines.</summary>
    public static Operator Rotary { get; } = new Differentiable("exact_rotary", a => [Turn(a[0], a[2], a[3]), Turn(a[1], a[2], a[3])]);

    /// <summary><c>act(gate) * up</c>.</summary>
    public static Operator Gate(string activation) => new Differentiable("exact_gate", a => [Activate(a[0], activation).mul(a[1])]);

    private static Tensor Turn(Tensor x_THD, Tensor cos_TF, Tensor sin_TF)
    {
        var half = cos_TF.size(1);
        var (cos, sin) = (cos_TF.unsqueeze(1), sin_TF.unsqueeze(1));
        var (a, b) = (x_THD.narrow(-1, 0, half), x_THD.narrow(-1, half, half));
        return cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin), Scalars.One), x_THD.narrow(-1, 2 * half, x_THD.size(-1) - (2 * half))], -1);
    }

    /// <summary>An activation by its name in checkpoints.</summary>
    public static Tensor Activate(Tensor x, string activation) => activation switch
    {
        "silu" => x.mul(x.sigmoid()),
        "gelu" => x.mul(x.mul(Scalars.Of(Math.Sqrt(0.5))).erf().add(Scalars.One, Scalars.One)).mul(Scalars.Of(0.5)),
        "gelu_pytorch_tanh" => x.mul(x.mul(x).mul(Scalars.Of(0.044715)).add(Scalars.One, Scalars.One).mul(x).mul(Scalars.Of(Math.Sqrt(2 / Math.PI))).tanh()
            .add(Scalars.One, Scalars.One)).mul(Scalars.Of(0.5)),
        _ => throw new ArgumentException($"The reference does not know the activation {activation}."),
    };
}
