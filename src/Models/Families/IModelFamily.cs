using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Describes the models of one <c>model_type</c>: configuration in, decoder description out.</summary>
public interface IModelFamily
{
    /// <summary>The <c>model_type</c> in config.json.</summary>
    string ModelType { get; }

    /// <summary>Describes one model.</summary>
    /// <exception cref="InputException">The configuration lacks a key, or asks for something the family does not have.</exception>
    DecoderSpec Describe(HuggingFaceConfig config);
}

/// <summary>The families this version knows.</summary>
public static class ModelFamilies
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IModelFamily> All { get; } =
    [
        new LlamaFamily(),
        new MistralFamily(),
        new Qwen2Family(),
        new Qwen3Family(),
        new GemmaFamily(),
        new Gemma2Family(),
        new Gemma3Family(),
        new Phi3Family(),
        new SmolLm3Family(),
        new Olmo2Family(),
        new Glm4Family(),
    ];

    /// <summary>Finds the family of a configuration.</summary>
    /// <exception cref="InputException">The <c>model_type</c> is not known.</exception>
    public static IModelFamily Of(HuggingFaceConfig config)
        => All.FirstOrDefault(f => f.ModelType == config.ModelType) ?? throw new InputException(
            $"{config.Source}: model_type '{config.ModelType}' is not supported. Supported: {string.Join(", ", All.Select(f => f.ModelType))}.");
}
