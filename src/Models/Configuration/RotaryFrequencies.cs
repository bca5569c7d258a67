namespace Neoteny.Models.Configuration;

/// <summary>Inverse frequencies of a rotary embedding and the factor on its cosines and sines.</summary>
/// <remarks>
/// The angle of feature pair i at position p is <c>p * Inverse[i]</c>. Powers and quotients are taken in fp32, as the libraries that trained
/// the models do; the scalars of a scaling in double.
/// </remarks>
public sealed class RotaryFrequencies
{
    private RotaryFrequencies(float[] inverse, double attentionFactor) => (Inverse, AttentionFactor) = (inverse, (float)attentionFactor);

    /// <summary>Radians a position, one for each of the <c>rotated size / 2</c> pairs of features.</summary>
    public IReadOnlyList<float> Inverse { get; }

    /// <summary>Factor on cosines and sines.</summary>
    public float AttentionFactor { get; }

    /// <summary>Computes the frequencies.</summary>
    /// <param name="rope">The settings.</param>
    /// <param name="rotatedSize">Rotated features of a head; even.</param>
    /// <param name="maxPositionEmbeddings">The model's <c>max_position_embeddings</c>.</param>
    /// <param name="sequenceLength">The largest position of the call plus one; null for at most <paramref name="maxPositionEmbeddings"/>. Dynamic and LongRoPE scaling read it.</param>
    /// <exception cref="InputException">The settings do not fit the head size.</exception>
    public static RotaryFrequencies Compute(RopeParameters rope, int rotatedSize, int maxPositionEmbeddings, int? sequenceLength = null)
    {
        if (rotatedSize < 2 || rotatedSize % 2 != 0)
        {
            throw new InputException($"{rope.Source}: {rotatedSize} features of a head would be rotated, which must be an even number of at least 2. "
                + "Check head_dim and partial_rotary_factor.");
        }

        var original = rope.OriginalMaxPositionEmbeddings ?? maxPositionEmbeddings;
        switch (rope.Type)
        {
            case RopeType.Linear:
                return new(RotaryScaling.Linear(Base(rope.Theta), rope.Factor!.Value), 1);
            case RopeType.Dynamic:
                var theta = RotaryScaling.DynamicTheta(rope, rotatedSize, maxPositionEmbeddings, sequenceLength ?? maxPositionEmbeddings);
                return new(Base(theta), 1);
            case RopeType.Yarn:
                var factor = rope.Factor ?? (double)maxPositionEmbeddings / original;
                return new(RotaryScaling.Yarn(rope, Base(rope.Theta), factor, original), rope.AttentionFactor ?? RotaryScaling.YarnAttention(rope, factor));
            case RopeType.Llama3:
                return new(RotaryScaling.Llama3(rope, Base(rope.Theta), original), 1);
            case RopeType.LongRope:
                var isLong = sequenceLength > original;
                var stretch = rope.Factor ?? (double)maxPositionEmbeddings / original;
                return new(RotaryScaling.LongRope(rope, Base(rope.Theta), isLong), rope.AttentionFactor ?? RotaryScaling.LongRopeAttention(stretch, original));
            default:
                return new(Base(rope.Theta), 1);
        }

        float[] Base(double theta) => RotaryScaling.Plain(theta, rotatedSize);
    }

    /// <summary>YaRN's magnitude <c>0.1 * mscale * ln(factor) + 1</c>; DeepSeek also multiplies its attention scale by the square of it.</summary>
    public static double Magnitude(double factor, double mscale) => factor <= 1 ? 1 : (0.1 * mscale * Math.Log(factor)) + 1;
}
