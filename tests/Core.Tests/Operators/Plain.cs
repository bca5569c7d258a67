using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

/// <summary>The operators once more, as a textbook writes them, for libtorch's autograd.</summary>
internal static class Plain
{
    public static Tensor Sum(Tensor a, Tensor b) => a.add(b, Scalars.One);

    public static Tensor Linear(Tensor x, Tensor w, Tensor? b = null) => b is null ? x.mm(w.t()) : Sum(x.mm(w.t()), b);

    public static Tensor RmsNorm(Tensor x, Tensor w, double epsilon, double offset)
    {
        var mean = x.mul(x).mean([-1L], keepdim: true).add(Scalars.Of(epsilon), Scalars.One);
        return x.div(mean.sqrt()).mul(w.add(Scalars.Of(offset), Scalars.One));
    }

    public static Tensor Rotary(Tensor x_THD, Tensor cos_TF, Tensor sin_TF)
    {
        var half = cos_TF.size(1);
        var (cos, sin) = (cos_TF.unsqueeze(1), sin_TF.unsqueeze(1));
        var (a, b) = (x_THD.narrow(2, 0, half), x_THD.narrow(2, half, half));
        return cat([a.mul(cos).sub(b.mul(sin)), Sum(b.mul(cos), a.mul(sin)), x_THD.narrow(2, 2 * half, x_THD.size(2) - (2 * half))], 2);
    }

    public static Tensor PairsToHalves(Tensor x_THD, long size)
    {
        var picked = Enumerable.Range(0, (int)x_THD.size(2)).Select(i => (long)i).OrderBy(i => i < size ? i % 2 : 2);
        return cat([.. picked.Select(i => x_THD.narrow(2, i, 1))], 2);
    }

    public static Tensor Softcap(Tensor x, double cap) => x.div(Scalars.Of(cap)).tanh().mul(Scalars.Of(cap));

    public static Tensor Activation(string name, Tensor x) => name switch
    {
        "silu" or "swish" => x.div(x.neg().exp().add(Scalars.One, Scalars.One)),
        "relu" => x.relu(),
        "gelu" => x.mul(x.div(Scalars.Of(Math.Sqrt(2))).erf().add(Scalars.One, Scalars.One)).div(Scalars.Of(2.0)),
        "gelu_new" or "gelu_pytorch_tanh" =>
            Sum(x, x.mul(x).mul(x).mul(Scalars.Of(0.044715))).mul(Scalars.Of(Math.Sqrt(2 / Math.PI))).tanh().add(Scalars.One, Scalars.One).mul(x).div(Scalars.Of(2.0)),
        _ => throw new ArgumentException(name),
    };
}
