using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>Makes a model from a Hugging Face folder, tensor by tensor.</summary>
public static class ModelLoader
{
    /// <summary>Builds the model with the weights of its checkpoint, or with fresh ones.</summary>
    /// <exception cref="InputException">A file is missing or malformed, or weights are missing or have other shapes: the message lists them.</exception>
    public static DecoderModel Load(string folder, ModelLoadOptions? options = null)
    {
        options ??= new ModelLoadOptions();
        var original = HuggingFaceConfig.Open(folder).WithOverrides(options.Overrides);
        var config = options.Rows is { } rows ? original.With("vocab_size", rows.Count) : original;
        var spec = ModelFamilies.Of(config, () => TensorNames(folder)).Describe(config);
        if (options.FreshSeed is { } seed)
        {
            return DecoderBuilder.Build(spec, new FreshWeights(spec, options, seed).Make, options.Formats);
        }

        using var checkpoint = CheckpointReader.Open(folder);
        var weights = new CheckpointWeights(checkpoint, original, options, spec.InitializerRange);
        weights.Check(Names(spec));
        return DecoderBuilder.Build(spec, weights.Read, options.Formats);
    }

    /// <summary>Builds the model on the meta device: sites, shapes and paths without any weight. Formats pack weights that hold no data.</summary>
    public static DecoderModel Describe(string folder, ModelLoadOptions? options = null)
    {
        options ??= new ModelLoadOptions();
        var config = HuggingFaceConfig.Open(folder).WithOverrides(options.Overrides);
        var dtype = options.DType ?? config.DType ?? ScalarType.Float32;
        var spec = ModelFamilies.Of(config, () => TensorNames(folder)).Describe(config);
        return DecoderBuilder.Build(spec, (_, shape) => empty(shape, dtype: dtype, device: META), options.Formats);
    }

    private static IReadOnlyList<string>? TensorNames(string folder)
    {
        try
        {
            using var checkpoint = CheckpointReader.Open(folder);
            return checkpoint.Names;
        }
        catch (InputException)
        {
            return null;
        }
    }

    private static IReadOnlyList<(string Name, long[] Shape)> Names(DecoderSpec spec)
    {
        var names = new List<(string Name, long[] Shape)>();
        DecoderBuilder.Build(
            spec,
            (name, shape) =>
            {
                names.Add((name, shape));
                return empty(shape, device: META);
            }).Dispose();
        return names;
    }
}
