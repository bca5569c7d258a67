using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>The inner loop of <see cref="SimdBFloat16Kernel"/>: eight elements at a time.</summary>
/// <remarks>
/// A bf16 number is the upper half of an fp32 number. Rounding to nearest even adds half of the last kept bit (and the bit itself) before
/// cutting; stochastic rounding adds 16 random bits instead, so that the mean of the result is the exact value.
/// </remarks>
internal static unsafe class AdamWLoop
{
    private const int Width = 8;

    /// <summary>Updates one piece.</summary>
    // Unoptimized vector code is six times slower; the first steps need not pay for that.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in AdamWPiece piece, in AdamWCoefficients c)
    {
        var whole = piece.Count - (piece.Count % Width);
        for (var i = 0L; i < whole; i += Width)
            Eight(piece.Weight + i, piece.Master is null ? null : piece.Master + i, Gradients(piece, i), piece.First + i, piece.Second + i, Indices(piece, i), piece.Key, c);

        if (whole < piece.Count)
            Rest(piece.Slice(whole, piece.Count - whole), c);
    }

    /// <summary>The last few elements, through buffers of full width, so that their arithmetic is the same.</summary>
    private static void Rest(in AdamWPiece piece, in AdamWCoefficients c)
    {
        var weight = stackalloc ushort[Width];
        var gradient = stackalloc byte[Width * sizeof(float)];
        float* master = stackalloc float[Width], first = stackalloc float[Width], second = stackalloc float[Width];
        var buffer = piece with { Weight = weight, Gradient = gradient, Master = piece.Master is null ? null : master, First = first, Second = second };
        Move(piece, buffer, withGradient: true);
        Eight(weight, buffer.Master, Gradients(buffer, 0), first, second, Indices(piece, 0), piece.Key, c);
        Move(buffer, piece, withGradient: false);
    }

    private static void Move(in AdamWPiece from, in AdamWPiece to, bool withGradient)
    {
        var count = (int)from.Count;
        new Span<ushort>(from.Weight, count).CopyTo(new Span<ushort>(to.Weight, count));
        new Span<float>(from.First, count).CopyTo(new Span<float>(to.First, count));
        new Span<float>(from.Second, count).CopyTo(new Span<float>(to.Second, count));
        if (from.Master is not null)
            new Span<float>(from.Master, count).CopyTo(new Span<float>(to.Master, count));
        if (withGradient)
        {
            var bytes = count * (from.GradientIsWide ? sizeof(float) : sizeof(ushort));
            new Span<byte>(from.Gradient, bytes).CopyTo(new Span<byte>(to.Gradient, bytes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(ushort* weight, float* master, Vector256<float> gradient, float* first, float* second, Vector256<uint> index, uint key, in AdamWCoefficients c)
    {
        var g = gradient * c.GradientScale;
        var m = Vector256.Load(first);
        m += (g - m) * c.FirstShare;
        var v = (Vector256.Load(second) * c.Beta2) + (g * g * c.SecondShare);
        m.Store(first);
        v.Store(second);
        var p = (master is null ? Widen(weight) : Vector256.Load(master)) * c.Keep;
        p -= m * c.StepSize / (Vector256.Sqrt(v * c.SecondFactor) + Vector256.Create(c.Epsilon));
        var bits = p.AsUInt32();
        if (master is null)
        {
            bits += Noise(index, key) >> 16;
        }
        else
        {
            p.Store(master);
            bits += ((bits >> 16) & Vector256.Create(1u)) + Vector256.Create(0x7fffu);
        }

        bits >>= 16;
        Vector128.Narrow(bits.GetLower(), bits.GetUpper()).Store(weight);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Gradients(in AdamWPiece piece, long i)
        => piece.GradientIsWide ? Vector256.Load((float*)piece.Gradient + i) : Widen((ushort*)piece.Gradient + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(ushort* source)
    {
        var (lower, upper) = Vector128.Widen(Vector128.Load(source));
        return (Vector256.Create(lower, upper) << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Indices(in AdamWPiece piece, long i)
        => Vector256.Create((uint)(piece.Start + i)) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);

    /// <summary>32 random bits for each index (a two-round integer hash with low bias: Wellons 2018).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Noise(Vector256<uint> index, uint key)
    {
        var x = (index * 0x9E3779B9u) + Vector256.Create(key);
        x = (x ^ (x >> 16)) * 0x7feb352du;
        x = (x ^ (x >> 15)) * 0x846ca68bu;
        return x ^ (x >> 16);
    }
}
