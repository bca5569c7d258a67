using Neoteny.Models.Configuration;

namespace Neoteny.Models.Families;

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
        new MixtralFamily(),
        new Qwen2MoeFamily(),
        new Qwen3MoeFamily(),
        new OlmoeFamily(),
        new GptOssFamily(),
        new DeepseekV3Family(),
    ];

    /// <summary>Finds the family of a configuration.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tensors">Gives the names of the checkpoint's tensors, to find what an unknown family resembles; null, or a null result, for none.</param>
    /// <exception cref="InputException">The <c>model_type</c> is not known.</exception>
    public static IModelFamily Of(HuggingFaceConfig config, Func<IReadOnlyCollection<string>?>? tensors = null)
        => All.FirstOrDefault(f => f.ModelType == config.ModelType) ?? throw Unknown(config, tensors);

    /// <summary>Those of some keys that neither the file has nor the model's family asks for, so that they would change nothing.</summary>
    /// <param name="config">The configuration with the keys.</param>
    /// <param name="original">The configuration as the file has it.</param>
    /// <param name="keys">The keys.</param>
    /// <exception cref="InputException">The <c>model_type</c> is not known, or the configuration does not describe a model.</exception>
    public static IReadOnlyList<string> WithoutEffect(HuggingFaceConfig config, HuggingFaceConfig original, IEnumerable<string> keys)
    {
        var read = KeysRead(config);
        var present = original.Keys.ToHashSet();
        return [.. keys.Where(k => !present.Contains(k) && !read.Contains(k) && k is not ("dtype" or "torch_dtype" or "rope_scaling" or "rope_theta"))];
    }

    /// <summary>The keys that a configuration's family asks for.</summary>
    /// <exception cref="InputException">The <c>model_type</c> is not known, or the configuration does not describe a model.</exception>
    public static IReadOnlySet<string> KeysRead(HuggingFaceConfig config)
    {
        var read = new HashSet<string> { "model_type" };
        Of(config).Describe(config.Noting(read));
        return read;
    }

    private static InputException Unknown(HuggingFaceConfig config, Func<IReadOnlyCollection<string>?>? tensors)
    {
        var known = $"Supported: {string.Join(", ", All.Select(f => f.ModelType))}.";
        if (config.Has("text_config"))
        {
            return new InputException($"{config.Source}: model_type '{config.ModelType}' is a model of text and something else, for instance images; only text models are "
                + $"supported. Its text model is described in 'text_config'; save that and its weights in a folder of their own, or load a text-only checkpoint. {known}");
        }

        var nearest = NearestFamily.Find(All, config, tensors?.Invoke());
        return new InputException($"{config.Source}: model_type '{config.ModelType}' is not supported. {known}" + (nearest is null ? ""
            : $" The nearest in structure is '{nearest.Family.ModelType}': {nearest.Evidence}. If it computes the same, load it as "
                + $"overrides_of_model_config: {{ model_type: {nearest.Family.ModelType} }}; otherwise docs/extending/model-family.md says how to add it."));
    }
}
