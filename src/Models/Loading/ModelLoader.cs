using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>Makes a model from a Hugging Face folder, tensor by tensor.</summary>
public static class ModelLoader
{
    /// <summary>Builds the model with the weights of its checkpoint, or with fresh ones.</summary>
    /// <exception cref="InputException">A file is missing or malformed, or a weight is missing or has another shape.</exception>
    public static DecoderModel Load(string folder, ModelLoadOptions? options = null)
    {
        options ??= new ModelLoadOptions();
        var config = HuggingFaceConfig.Open(folder).WithOverrides(options.Overrides);
        var spec = ModelFamilies.Of(config, () => TensorNames(folder)).Describe(config);
        if (options.FreshSeed is { } seed)
        {
            return DecoderBuilder.Build(spec, new FreshWeights(spec, options, seed).Make, options.Formats);
        }

        using var checkpoint = CheckpointReader.Open(folder);
        return DecoderBuilder.Build(spec, (name, shape) => Read(checkpoint, name, shape, options), options.Formats);
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

    private static Tensor Read(CheckpointReader checkpoint, string name, long[] shape, ModelLoadOptions options)
    {
        if (!checkpoint.Contains(name) && Mxfp4.Holds(checkpoint, name))
        {
            return Mxfp4.Read(checkpoint, name, shape, options.DType ?? ScalarType.BFloat16, options.Device);
        }

        if (!checkpoint.Contains(name))
        {
            throw new InputException($"{checkpoint.Folder}: the checkpoint has no tensor '{name}', which config.json calls for. The download is incomplete, or config.json belongs to another model.");
        }

        if (!checkpoint.Shape(name).SequenceEqual(shape))
        {
            throw new InputException($"{checkpoint.Folder}: tensor '{name}' has shape [{string.Join(", ", checkpoint.Shape(name))}] where config.json calls for "
                + $"[{string.Join(", ", shape)}]. config.json belongs to another model.");
        }

        // The correction is added to scores in fp32, where bf16 would change which experts are chosen.
        var dtype = name.EndsWith(".e_score_correction_bias", StringComparison.Ordinal) ? null : options.DType;
        return checkpoint.Read(name, dtype, options.Device);
    }
}

/// <summary>How to load a model.</summary>
public sealed record ModelLoadOptions
{
    /// <summary>The dtype of the weights; null keeps the checkpoint's.</summary>
    public ScalarType? DType { get; init; }

    /// <summary>Where the weights go; null for the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>With a seed, weights are drawn fresh and the checkpoint's are not read (it need not exist).</summary>
    public ulong? FreshSeed { get; init; }

    /// <summary>The stored format of a parameter by name; null, or a null result, for dense.</summary>
    public Func<string, IWeightFormat?>? Formats { get; init; }

    /// <summary>Keys that replace those of config.json.</summary>
    public IReadOnlyDictionary<string, object?> Overrides { get; init; } = new Dictionary<string, object?>();
}

/// <summary>Fresh weights: normal with the configured deviation, norms neutral, biases and sinks at zero; the projections that end a residual branch are scaled by <c>1 / sqrt(2 layers)</c> (Radford et al. 2019).</summary>
internal sealed class FreshWeights(DecoderSpec spec, ModelLoadOptions options, ulong seed)
{
    public Tensor Make(string name, long[] shape)
    {
        using var scope = NewDisposeScope();
        return Draw(name, shape).to(options.DType ?? ScalarType.Float32).to(options.Device ?? CPU).MoveToOuterDisposeScope();
    }

    private Tensor Draw(string name, long[] shape)
    {
        if (shape.Length == 1)
        {
            return name.EndsWith("norm.weight", StringComparison.Ordinal) ? full(shape, Runtime.Scalars.Of(1 - spec.NormOffset)) : zeros(shape);
        }

        var hash = name.Aggregate(14695981039346656037UL ^ seed, static (h, c) => (h ^ c) * 1099511628211UL);
        using var generator = new Generator(hash, CPU);
        var endsBranch = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
        return empty(shape).normal_(0, spec.InitializerRange * (endsBranch ? 1 / Math.Sqrt(2.0 * spec.Layers.Count) : 1), generator);
    }
}
