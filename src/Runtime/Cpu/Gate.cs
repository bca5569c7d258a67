using System.Runtime.CompilerServices;

namespace Neoteny.Runtime.Cpu;

/// <summary>Forward and backward of a gate over elements side by side.</summary>
internal unsafe interface IGate
{
    /// <summary>With <paramref name="around"/> results go past the caches where they are aligned.</summary>
    void Forward(float* gate, float* up, float* y, int count, bool around);

    /// <summary>Results may overwrite any of the inputs at the same place.</summary>
    void Backward(float* dy, float* gate, float* up, float* dGate, float* dUp, int count, bool around);
}

/// <summary>A gate with an activation.</summary>
internal sealed unsafe class Gate<T, TActivation> : IGate
    where T : struct, ILanes<T>
    where TActivation : struct, IActivation
{
    public static IGate Instance { get; } = new Gate<T, TActivation>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(float* gate, float* up, float* y, int count, bool around)
    {
        around &= IsAligned(y);
        var i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            Put(TActivation.Value(T.Load(gate + i)) * T.Load(up + i), y + i, around);
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
    public void Backward(float* dy, float* gate, float* up, float* dGate, float* dUp, int count, bool around)
    {
        around &= IsAligned(dGate) && IsAligned(dUp);
        var i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            Differentiate(dy + i, gate + i, up + i, dGate + i, dUp + i, around);
        }

        if (i < count)
        {
            float* d = stackalloc float[T.Count], g = stackalloc float[T.Count], u = stackalloc float[T.Count];
            Copy(dy + i, d, count - i);
            Copy(gate + i, g, count - i);
            Copy(up + i, u, count - i);
            Differentiate(d, g, u, g, u, around: false);
            Copy(g, dGate + i, count - i);
            Copy(u, dUp + i, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Differentiate(float* dy, float* gate, float* up, float* dGate, float* dUp, bool around)
    {
        var (d, u) = (T.Load(dy), T.Load(up));
        var (value, slope) = TActivation.ValueAndSlope(T.Load(gate));
        Put(d * value, dUp, around);
        Put(d * u * slope, dGate, around);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T value, float* to, bool around)
    {
        if (around)
        {
            value.StoreAround(to);
        }
        else
        {
            value.Store(to);
        }
    }

    private static bool IsAligned(float* to) => (nint)to % (T.Count * sizeof(float)) == 0;

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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => x / (T.Of(1f) + VectorMath.Exp(T.Of(0f) - x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => x * VectorMath.Normal(x).Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => x * VectorMath.Sigmoid(Inner(x, x * x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Inner<T>(T x, T square)
        where T : struct, ILanes<T> => x * T.MultiplyAdd(square, T.Of(Twice * 0.044715f), T.Of(Twice));
}

/// <summary><c>max(x, 0)</c>.</summary>
internal readonly struct Relu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T> => T.Max(T.Of(0f), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T Value, T Slope) ValueAndSlope<T>(T x)
        where T : struct, ILanes<T>
        => (Value(x), T.IfNegative(T.Of(0f) - x, T.Of(1f), T.Of(0f)));
}
