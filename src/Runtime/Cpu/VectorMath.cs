using System.Runtime.CompilerServices;

namespace Neoteny.Runtime.Cpu;

/// <summary>Functions of <see cref="ILanes{T}"/> in fp32, accurate to a few units of rounding: much cheaper than the exact ones of .NET, which go through fp64.</summary>
internal static class VectorMath
{
    /// <summary>The exponential after Moshier's Cephes library. Below -87.3 it is about 1e-38 instead of nothing, above 88.3 about 2e38.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : struct, ILanes<T>
    {
        // The limit comes first, so that NaN stays.
        x = T.Min(T.Of(88.3762626f), T.Max(T.Of(-87.3365447f), x));
        var n = T.Round(x * T.Of(1.44269504f));
        var r = T.MultiplyAdd(n, T.Of(-0.693359375f), x);
        r = T.MultiplyAdd(n, T.Of(2.12194440e-4f), r);
        var p = T.MultiplyAdd(T.Of(1.9875691500e-4f), r, T.Of(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Of(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Of(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Of(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Of(5.0000001201e-1f));
        p = T.MultiplyAdd(p, r * r, r + T.Of(1f));
        return T.Scale(p, n);
    }

    /// <summary><c>1 / (1 + exp(-x))</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x)
        where T : struct, ILanes<T>
        => T.Of(1f) / (T.Of(1f) + Exp(T.Of(0f) - x));

    /// <summary>The hyperbolic tangent; near zero its relative error is that of the difference from one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x)
        where T : struct, ILanes<T>
        => T.Of(1f) - (T.Of(2f) / (T.Of(1f) + Exp(x + x)));

    /// <summary>The normal distribution's value at x, after Abramowitz and Stegun 7.1.26 (1.5e-7), and its density there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T Value, T Density) Normal<T>(T x)
        where T : struct, ILanes<T>
    {
        var e = Exp(x * x * T.Of(-0.5f));
        var t = T.Of(1f) / T.MultiplyAdd(T.Max(x, T.Of(0f) - x), T.Of(0.3275911f * 0.70710678f), T.Of(1f));
        var p = T.MultiplyAdd(T.Of(1.061405429f), t, T.Of(-1.453152027f));
        p = T.MultiplyAdd(p, t, T.Of(1.421413741f));
        p = T.MultiplyAdd(p, t, T.Of(-0.284496736f));
        p = T.MultiplyAdd(p, t, T.Of(0.254829592f));
        var tail = p * t * e * T.Of(0.5f);
        return (T.IfNegative(x, tail, T.Of(1f) - tail), e * T.Of(0.39894228f));
    }
}
