namespace Neoteny.Models.Configuration;

/// <summary>A model's rotary settings, whichever key layout they were written in.</summary>
/// <remarks>Made by <see cref="HuggingFaceConfig.Rope"/>, which checks that the type's own keys are there.</remarks>
public sealed record RopeParameters
{
    /// <summary>Where the settings were read, for messages.</summary>
    public string Source { get; init; } = "rope_parameters";

    /// <summary>The scaling.</summary>
    public RopeType Type { get; init; }

    /// <summary>The base of the frequencies.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>How many times longer than trained; null where the type derives it from the lengths (yarn, longrope) or has none.</summary>
    public double? Factor { get; init; }

    /// <summary>The length the model was trained on before scaling; null for the model's <c>max_position_embeddings</c>.</summary>
    public int? OriginalMaxPositionEmbeddings { get; init; }

    /// <summary>Llama 3: wavelengths above the original length over this are divided by the factor.</summary>
    public double LowFreqFactor { get; init; } = 1;

    /// <summary>Llama 3: wavelengths below the original length over this are kept.</summary>
    public double HighFreqFactor { get; init; } = 4;

    /// <summary>Factor on cosines and sines; null for the one that the type's paper suggests.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>YaRN: rotations over the original length above which a frequency is kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>YaRN: rotations over the original length below which a frequency is interpolated.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>YaRN as DeepSeek uses it: numerator of the attention factor; 0 for none.</summary>
    public double Mscale { get; init; }

    /// <summary>YaRN as DeepSeek uses it: denominator of the attention factor; 0 for none.</summary>
    public double MscaleAllDim { get; init; }

    /// <summary>YaRN: whether the ends of the ramp are rounded to whole dimensions.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>LongRoPE: divisors of the frequencies up to the original length, one for each pair of features.</summary>
    public IReadOnlyList<double> ShortFactor { get; init; } = [];

    /// <summary>LongRoPE: divisors beyond the original length.</summary>
    public IReadOnlyList<double> LongFactor { get; init; } = [];

    /// <summary>The share of a head's features that is rotated.</summary>
    public double PartialRotaryFactor { get; init; } = 1;

    /// <summary>Whether the frequencies depend on the longest position of a call, so that angles cannot be computed once for all.</summary>
    public bool DependsOnLength => Type is RopeType.Dynamic or RopeType.LongRope;

    /// <summary>How many leading features of a head are rotated.</summary>
    public int RotatedSize(int headSize) => (int)(headSize * PartialRotaryFactor);
}
