using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>How to load a model.</summary>
public sealed record ModelLoadOptions
{
    /// <summary>The dtype of the weights; null keeps the checkpoint's, and for 8-bit floats takes the one that config.json names.</summary>
    public ScalarType? DType { get; init; }

    /// <summary>Where the weights go; null for the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>With a seed, weights are drawn fresh and the checkpoint's are not read (it need not exist).</summary>
    public ulong? FreshSeed { get; init; }

    /// <summary>The stored format of a parameter by name; null, or a null result, for dense.</summary>
    public Func<string, IWeightFormat?>? Formats { get; init; }

    /// <summary>How many rows the embedding and the head get, where there are more tokens than the checkpoint has; null for as many as it has.</summary>
    public EmbeddingRows? Rows { get; init; }

    /// <summary>Hears of tensors in the checkpoint that the model does not use; null for nobody.</summary>
    public Action<string>? Note { get; init; }

    /// <summary>Keys that replace those of config.json.</summary>
    public IReadOnlyDictionary<string, object?> Overrides { get; init; } = new Dictionary<string, object?>();
}
