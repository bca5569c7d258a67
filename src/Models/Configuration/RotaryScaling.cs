namespace Neoteny.Models.Configuration;

/// <summary>The formulas of the scalings.</summary>
internal static class RotaryScaling
{
    /// <summary><c>theta ^ (-2i / size)</c> (RoFormer, arXiv 2104.09864).</summary>
    public static float[] Plain(double theta, int rotatedSize)
    {
        var inverse = new float[rotatedSize / 2];
        for (var i = 0; i < inverse.Length; i++)
        {
            inverse[i] = 1f / MathF.Pow((float)theta, 2f * i / rotatedSize);
        }

        return inverse;
    }

    public static float[] Linear(float[] inverse, double factor) => [.. inverse.Select(f => f / (float)factor)];

    /// <summary>The base under which the slowest frequency is interpolated to the length at hand.</summary>
    public static double DynamicTheta(RopeParameters rope, int rotatedSize, int trained, int length)
    {
        var factor = rope.Factor!.Value;
        var stretch = (factor * Math.Max(length, trained) / trained) - (factor - 1);
        return rotatedSize == 2 ? rope.Theta : rope.Theta * Math.Pow(stretch, rotatedSize / (rotatedSize - 2.0));
    }

    /// <summary>Blends interpolated and kept frequencies along a ramp over the dimensions (sections 3.2 and 3.3 of the paper).</summary>
    public static float[] Yarn(RopeParameters rope, float[] inverse, double factor, int original)
    {
        var size = inverse.Length * 2;
        var low = CorrectionDimension(rope.BetaFast);
        var high = CorrectionDimension(rope.BetaSlow);
        if (rope.Truncate)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }

        (low, high) = (Math.Max(low, 0), Math.Min(high, size - 1));
        high = low == high ? high + 0.001 : high;
        return [.. inverse.Select((kept, i) =>
        {
            var ramp = Math.Clamp((i - (float)low) / (float)(high - low), 0f, 1f);
            var interpolated = 1f / ((float)factor * (1f / kept));
            return (interpolated * ramp) + (kept * (1 - ramp));
        })];

        double CorrectionDimension(double rotations)
            => size * Math.Log(original / (rotations * 2 * Math.PI)) / (2 * Math.Log(rope.Theta));
    }

    public static double YarnAttention(RopeParameters rope, double factor)
        => rope.Mscale != 0 && rope.MscaleAllDim != 0
            ? RotaryFrequencies.Magnitude(factor, rope.Mscale) / RotaryFrequencies.Magnitude(factor, rope.MscaleAllDim)
            : RotaryFrequencies.Magnitude(factor, 1);

    /// <summary>Divides long wavelengths, keeps short ones and blends those between.</summary>
    public static float[] Llama3(RopeParameters rope, float[] inverse, int original)
    {
        var (factor, low, high) = ((float)rope.Factor!.Value, (float)rope.LowFreqFactor, (float)rope.HighFreqFactor);
        return [.. inverse.Select(kept =>
        {
            var wavelength = 2 * MathF.PI / kept;
            var smooth = Math.Clamp(((original / wavelength) - low) / (high - low), 0f, 1f);
            return wavelength > original / low ? kept / factor
                : wavelength < original / high ? kept
                : ((1 - smooth) * kept / factor) + (smooth * kept);
        })];
    }

    public static float[] LongRope(RopeParameters rope, float[] inverse, bool isLong)
    {
        var (key, factors) = isLong ? ("long_factor", rope.LongFactor) : ("short_factor", rope.ShortFactor);
        return factors.Count == inverse.Length
            ? [.. inverse.Select((f, i) => 1f / ((float)factors[i] * (1f / f)))]
            : throw new InputException($"{rope.Source}: '{key}' has {factors.Count} entries, but the rotated part of a head has {inverse.Length} pairs of features. "
                + "Give one factor for each pair.");
    }

    public static double LongRopeAttention(double factor, int original)
        => factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)));
}
