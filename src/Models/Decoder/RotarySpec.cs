using Neoteny.Models.Configuration;

namespace Neoteny.Models.Decoder;

/// <summary>One rotary table: angles by position.</summary>
public sealed record RotarySpec
{
    /// <summary>Base and scaling.</summary>
    public required RopeParameters Rope { get; init; }

    /// <summary>Size of the heads it turns, of which <see cref="RopeParameters.PartialRotaryFactor"/> takes the leading part.</summary>
    public required int HeadSize { get; init; }

    /// <summary>The length the model was configured for.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Whether neighbours (0 and 1, 2 and 3) turn together, rather than features of the two halves of a head.</summary>
    public bool Interleaved { get; init; }

    /// <summary>Whether generation computes all keys anew once LongRoPE changes its frequencies, rather than keeping those turned before (Phi 3).</summary>
    public bool RenewsKeys { get; init; }

    /// <summary>The length the model was trained on before its positions were scaled.</summary>
    public int TrainedLength => Rope.OriginalMaxPositionEmbeddings ?? MaxPositionEmbeddings;

    /// <summary>How many leading features of a head turn.</summary>
    public int RotatedSize => Rope.RotatedSize(HeadSize);
}
