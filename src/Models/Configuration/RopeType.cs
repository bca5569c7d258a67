namespace Neoteny.Models.Configuration;

/// <summary>How rotary frequencies are stretched beyond the length a model was trained on.</summary>
public enum RopeType
{
    /// <summary>Not at all.</summary>
    Default,

    /// <summary>All frequencies divided by the factor (position interpolation).</summary>
    Linear,

    /// <summary>The base grows with the sequence (dynamic NTK).</summary>
    Dynamic,

    /// <summary>Low frequencies interpolated, high ones kept, with an attention factor (YaRN, arXiv 2309.00071).</summary>
    Yarn,

    /// <summary>Low frequencies divided by the factor with a smooth transition, as in Llama 3.1.</summary>
    Llama3,

    /// <summary>One searched factor for each frequency, short and long (LongRoPE, arXiv 2402.13753).</summary>
    LongRope,
}
