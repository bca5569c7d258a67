using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>Rotary position embedding written with tensor operations.</summary>
internal static class PlainRotary
{
    /// <summary>Cosines and sines, each <c>[B, 1, T, D]</c>.</summary>
    public static (Tensor Cosines, Tensor Sines) Angles(Tensor positions_BT, PlainConfig config)
    {
        using var scope = NewDisposeScope();
        var frequencies = tensor(Enumerable.Range(0, config.HeadSize / 2).Select(i => (float)Math.Pow(config.RopeTheta, -2.0 * i / config.HeadSize)).ToArray());
        var angles = positions_BT.to(ScalarType.Float32).unsqueeze(-1) * frequencies;
        var both = cat([angles, angles], -1).unsqueeze(1);
        return (both.cos().MoveToOuterDisposeScope(), both.sin().MoveToOuterDisposeScope());
    }

    /// <summary>Turns queries or keys <c>[B, heads, T, D]</c>.</summary>
    public static Tensor Turn(Tensor x, Tensor cosines, Tensor sines)
    {
        using var scope = NewDisposeScope();
        var halves = x.chunk(2, -1);
        return (x * cosines).add(cat([halves[1].neg(), halves[0]], -1) * sines, Scalars.One).MoveToOuterDisposeScope();
    }
}
