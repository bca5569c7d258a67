using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda.Emulated;

/// <summary>Rows of logits that overflow or vanish where a kernel is careless.</summary>
internal static class ExtremeLogits
{
    /// <summary>Five rows in fp64: all the largest, all far below zero, one the largest among zeros, all but the last minus infinity, a steep ramp.</summary>
    /// <param name="columns">Labels.</param>
    /// <param name="largest">The largest number of the dtype, about.</param>
    /// <param name="step">From one label to the next of the ramp.</param>
    public static Tensor Rows(int columns, double largest, double step)
    {
        var wide = zeros(5, columns, dtype: ScalarType.Float64);
        wide[0].fill_(Scalars.Of(largest));
        wide[1].fill_(Scalars.Of(-largest / 4));
        wide[2, 7] = largest;
        wide[3].narrow(0, 0, columns - 1).fill_(Scalars.Of(double.NegativeInfinity));
        wide[4].copy_(arange(columns).mul(Scalars.Of(step)));
        return wide;
    }
}
