using System.Runtime.CompilerServices;

namespace Neoteny.Runtime.Cpu;

/// <summary>Forward and backward of a gate over elements side by side.</summary>
internal unsafe interface IGate
{
    void Forward(float* gate, float* up, float* y, int count);

    /// <summary>Results may overwrite any of the inputs at the same place.</summary>
    void Backward(float* dy, float* gate, float* up, float* dGate, float* dUp, int count);
}

/// <summary>A gate with an activation.</summary>
internal sealed unsafe class Gate<T, TActivation> : IGate
    where T : struct, ILanes<T>
    where TActivation : struct, IActivation
{
    public static IGate Instance { get; } = new Gate<T, TActivation>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(float* gate, float* up, float* y, int count)
    {
        var i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            (TActivation.Value(T.Load(gate + i)) * T.Load(up + i)).Store(y + i);
        }

        if (i < count)
        {
            float* g = stackalloc float[T.Count], u = stackalloc float[T.Count];
            Copy(gate + i, g, count - i);
            Copy(up + i, u, count - i);
            (TActivation.Value(T.Load(g)) * T.Load(u)).Store(u);
            Copy(u, y + i, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward(float* dy, float* gate, float* up, float* dGate, float* dUp, int count)
    {
        var i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            Differentiate(dy + i, gate + i, up + i, dGate + i, dUp + i);
        }

        if (i < count)
        {
            float* d = stackalloc float[T.Count], g = stackalloc float[T.Count], u = stackalloc float[T.Count];
            Copy(dy + i, d, count - i);
            Copy(gate + i, g, count - i);
            Copy(up + i, u, count - i);
            Differentiate(d, g, u, g, u);
            Copy(g, dGate + i, count - i);
            Copy(u, dUp + i, count - i);
        }
    }

    private static void Differentiate(float* dy, float* gate, float* up, float* dGate, float* dUp)
    {
        var (d, u) = (T.Load(dy), T.Load(up));
        var (value, slope) = TActivation.ValueAndSlope(T.Load(gate));
        (d * value).Store(dUp);
        (d * u * slope).Store(dGate);
    }

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
}

/// <summary>An activation on lanes.</summary>
internal interface IActivation
{
    static abstract T Value<T>(T x)
        where T : struct, ILanes<T>;

    static abstract (T Value, T Slope) ValueAndSlope<T>(T x)
        where T : struct, ILanes<T>;
}

/// <summary><c>x sigmoid(x)</c>.</summary>
internal readonly struct Silu : IActivation
{
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => x / (T.Of(1f) + VectorMath.Exp(T.Of(0f) - x));

    public static (T Value, T Slope) ValueAndSlope<T>(T x)
        where T : struct, ILanes<T>
    {
        var s = VectorMath.Sigmoid(x);
        var value = x * s;
        return (value, s + (value * (T.Of(1f) - s)));
    }
}

/// <summary><c>x Phi(x)</c> with the normal distribution.</summary>
internal readonly struct ErfGelu : IActivation
{
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => x * VectorMath.Normal(x).Value;

    public static (T Value, T Slope) ValueAndSlope<T>(T x)
        where T : struct, ILanes<T>
    {
        var (normal, density) = VectorMath.Normal(x);
        return (x * normal, T.MultiplyAdd(x, density, normal));
    }
}

/// <summary>The same with a tanh: <c>x sigmoid(2 u)</c>, <c>u = sqrt(2/pi) (x + 0.044715 x^3)</c>.</summary>
internal readonly struct TanhGelu : IActivation
{
    private const float Twice = 1.59576912f;

    public static T Value<T>(T x)
        where T : struct, ILanes<T> => x * VectorMath.Sigmoid(Inner(x, x * x));

    public static (T Value, T Slope) ValueAndSlope<T>(T x)
        where T : struct, ILanes<T>
    {
        // Beyond 20 the slope is 0 or 1, and the cube would overflow where sigmoid has underflowed.
        var bounded = T.Min(T.Of(20f), T.Max(T.Of(-20f), x));
        var square = bounded * bounded;
        var s = VectorMath.Sigmoid(Inner(bounded, square));
        var value = bounded * s;
        return (x * s, T.MultiplyAdd(value * (T.Of(1f) - s), T.MultiplyAdd(square, T.Of(Twice * 3 * 0.044715f), T.Of(Twice)), s));
    }

    private static T Inner<T>(T x, T square)
        where T : struct, ILanes<T> => x * T.MultiplyAdd(square, T.Of(Twice * 0.044715f), T.Of(Twice));
}

/// <summary><c>max(x, 0)</c>.</summary>
internal readonly struct Relu : IActivation
{
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => T.Max(T.Of(0f), x);

    public static (T Value, T Slope) ValueAndSlope<T>(T x)
        where T : struct, ILanes<T>
        => (Value(x), T.IfNegative(T.Of(0f) - x, T.Of(1f), T.Of(0f)));
}
