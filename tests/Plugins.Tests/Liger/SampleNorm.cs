using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Liger;

/// <summary>A norm with random weights, to be replaced.</summary>
internal sealed class SampleNorm(long features, bool centered, double offset, ScalarType dtype, Device? device = null) : INorm, IDisposable
{
    public Parameter Weight { get; } = new("norm.weight", randn(features).to(dtype).to(device ?? CPU)) { Trains = true };

    public Parameter? Bias { get; } = centered ? new Parameter("norm.bias", randn(features).to(dtype).to(device ?? CPU)) { Trains = true } : null;

    public double Epsilon => 1e-5;

    public double Offset => offset;

    public bool Centered => centered;

    public Parameter[] Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <summary>The definition.</summary>
    public static Tensor Exact(Tensor x, Tensor[] weights, double offset, bool centered)
    {
        var c = centered ? x.sub(x.mean([-1L], keepdim: true)) : x;
        var y = c.mul(c.mul(c).mean([-1L], keepdim: true).add(Scalars.Of(1e-5), Scalars.One).rsqrt()).mul(weights[0].add(Scalars.Of(offset), Scalars.One));
        return weights.Length == 1 ? y : y.add(weights[1], Scalars.One);
    }

    public Value Forward(Tape tape, Value x) => throw new NotSupportedException();

    public void Dispose()
    {
        Weight.Dispose();
        Bias?.Dispose();
    }
}
