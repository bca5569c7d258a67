using static TorchSharp.torch;

namespace Neoteny.Runtime.Native;

/// <summary>One argument of an <see cref="AtenOperator"/>.</summary>
public readonly struct AtenArgument
{
    private AtenArgument(Tensor? tensor, ulong bits) => (Tensor, Bits) = (tensor, bits);

    /// <summary>An optional argument that is absent.</summary>
    public static AtenArgument None => default;

    /// <summary>A tensor argument; null for all others.</summary>
    internal Tensor? Tensor { get; }

    /// <summary>How libtorch's stable interface spells a value that is no tensor.</summary>
    internal ulong Bits { get; }

    /// <summary>A tensor; borrowed.</summary>
    public static implicit operator AtenArgument(Tensor tensor) => new(tensor, 0);

    /// <summary>A whole number.</summary>
    public static implicit operator AtenArgument(long value) => new(null, unchecked((ulong)value));

    /// <summary>A floating point number.</summary>
    public static implicit operator AtenArgument(double value) => new(null, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>A truth value.</summary>
    public static implicit operator AtenArgument(bool value) => new(null, value ? 1UL : 0UL);
}
