using System.Collections.Concurrent;
using TorchSharp;

namespace Neoteny.Runtime;

/// <summary>Cached <see cref="Scalar"/> objects.</summary>
/// <remarks>
/// TorchSharp passes raw handles and does not keep a short-lived scalar alive: a collection at the wrong moment frees it while in use.
/// Scalars from here live for the whole process. Values that change with every step (a learning rate) belong in tensors instead.
/// </remarks>
public static class Scalars
{
    private static readonly ConcurrentDictionary<double, Scalar> Doubles = new();
    private static readonly ConcurrentDictionary<long, Scalar> Longs = new();

    /// <summary>One, as a floating point number.</summary>
    public static Scalar One { get; } = Of(1.0);

    /// <summary>Zero, as a floating point number.</summary>
    public static Scalar Zero { get; } = Of(0.0);

    /// <summary>Negative infinity.</summary>
    public static Scalar NegativeInfinity { get; } = Of(double.NegativeInfinity);

    /// <summary>The cached scalar of a floating point number.</summary>
    public static Scalar Of(double value)
    {
        Native.LibTorch.Load();
        return Doubles.GetOrAdd(value, static v => v.ToScalar());
    }

    /// <summary>The cached scalar of a whole number.</summary>
    public static Scalar Of(long value)
    {
        Native.LibTorch.Load();
        return Longs.GetOrAdd(value, static v => v.ToScalar());
    }
}
