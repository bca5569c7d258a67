using Neoteny.Modules;
using Neoteny.Runtime.Operators.Kernels;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

public sealed class EmulatedRotaryTests
{
    private const int Tokens = 7;

    [EmulatedTheory]
    [InlineData(ScalarType.BFloat16, 8, 2, 64, 32)]
    [InlineData(ScalarType.Float16, 3, 1, 96, 32)]
    [InlineData(ScalarType.Float32, 2, 2, 40, 16)]
    [InlineData(ScalarType.BFloat16, 80, 40, 32, 8)]
    public void Halves_turn_and_the_rest_passes(ScalarType dtype, int heads, int keyHeads, int size, int half)
    {
        using var scope = NewDisposeScope();
        manual_seed(size);
        // Queries and keys are views of one joint projection.
        var joint = randn(Tokens, heads + keyHeads, size).to(dtype);
        var (q, k) = (joint.narrow(1, 0, heads), joint.narrow(1, heads, keyHeads));
        var angles = arange(0, Tokens, dtype: ScalarType.Float32).unsqueeze(1).mul(rand(1, half));
        var (cos, sin) = (angles.cos(), angles.sin());
        using var rotary = new RotaryAngles { Cosines = cos, Sines = sin };
        using var launches = EmulatedLaunches.Begin();
        foreach (var backward in new[] { false, true })
        {
            var (query, key) = RotaryKernels.Turn(q, k, rotary, backward, inPlace: false);
            Nearly.Equal(Turned(q, cos, sin, backward), query);
            Nearly.Equal(Turned(k, cos, sin, backward), key!);
        }

        var (alone, none) = RotaryKernels.Turn(k, null, rotary, backward: false, inPlace: false);
        Nearly.Equal(Turned(k, cos, sin, backward: false), alone);
        Assert.Null(none);

        var (expectedQuery, expectedKey) = (Turned(q, cos, sin, backward: false), Turned(k, cos, sin, backward: false));
        RotaryKernels.Turn(q, k, rotary, backward: false, inPlace: true);
        Nearly.Equal(expectedQuery, q);
        Nearly.Equal(expectedKey, k);
        Assert.Equal(["rotary", "rotary", "rotary", "rotary"], launches.Names);
    }

    private static Tensor Turned(Tensor x, Tensor cos, Tensor sin, bool backward)
    {
        var (half, wide) = (cos.size(1), x.to(ScalarType.Float64));
        var (a, b, rest) = (wide.narrow(2, 0, half), wide.narrow(2, half, half), wide.narrow(2, 2 * half, x.size(2) - (2 * half)));
        var (c, s) = (cos.to(ScalarType.Float64).unsqueeze(1), sin.to(ScalarType.Float64).unsqueeze(1));
        s = backward ? s.neg() : s;
        return cat([a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s), Runtime.Scalars.One), rest], 2);
    }
}
