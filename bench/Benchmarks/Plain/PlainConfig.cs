using Neoteny.Models.Configuration;

namespace Neoteny.Benchmarks.Plain;

/// <summary>Sizes of the plain Llama.</summary>
internal sealed record PlainConfig
{
    public required int Vocabulary { get; init; }

    public required int Hidden { get; init; }

    public required int Intermediate { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KeyHeads { get; init; }

    public required int HeadSize { get; init; }

    public required double NormEpsilon { get; init; }

    public required double RopeTheta { get; init; }

    /// <summary>Rank of LoRA on every linear module; 0 for none.</summary>
    public int LoraRank { get; init; }

    /// <summary>Reads a config.json with tied embeddings and unscaled rotary embedding, which is all that the plain model has.</summary>
    public static PlainConfig Read(string folder, int loraRank)
    {
        var config = HuggingFaceConfig.Open(folder);
        var (hidden, heads) = (config.Size("hidden_size"), config.Size("num_attention_heads"));
        return new PlainConfig
        {
            Vocabulary = config.Size("vocab_size"),
            Hidden = hidden,
            Intermediate = config.Size("intermediate_size"),
            Layers = config.Size("num_hidden_layers"),
            Heads = heads,
            KeyHeads = config.Size("num_key_value_heads", heads),
            HeadSize = config.Size("head_dim", hidden / heads),
            NormEpsilon = config.Number("rms_norm_eps", 1e-6),
            RopeTheta = config.Rope().Theta,
            LoraRank = loraRank,
        };
    }
}
