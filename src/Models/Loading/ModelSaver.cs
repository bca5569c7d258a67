using System.Text;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>Writes a model as a Hugging Face folder.</summary>
public static class ModelSaver
{
    private const string FurtherLayers = "num_nextn_predict_layers";

    private static readonly string[] Carried = ["generation_config.json"];

    /// <summary>Writes weights and configuration into an existing folder.</summary>
    /// <remarks>
    /// Weights are written in the dtype they have in memory, however the checkpoint stored them (8-bit floats, MXFP4), and tensors that the model does not use are left out; the
    /// configuration says so.
    /// </remarks>
    /// <param name="folder">The folder.</param>
    /// <param name="model">The model; every parameter must be dense.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="original">The folder it was loaded from, whose generation settings are carried along.</param>
    /// <param name="maxShardSize">Most bytes of one file; null for 5 GB.</param>
    public static void Write(string folder, DecoderModel model, HuggingFaceConfig config, string original, long? maxShardSize = null)
    {
        CheckpointWriter.WriteFiles(folder, [.. model.BaseParameters.SelectMany(p => p.Parts.Select(part => Source(p, part)))], maxShardSize);
        var key = config.Has("torch_dtype") ? "torch_dtype" : "dtype";
        var dtype = model.BaseParameters[0].DType switch { ScalarType.BFloat16 => "bfloat16", ScalarType.Float16 => "float16", _ => "float32" };
        // The weights are written dense, however the original stored them.
        config = config.Without("quantization_config");
        if (config.Integer(FurtherLayers, 0) > 0 && HoldsLayer(original, config.Size("num_hidden_layers")))
        {
            // Layers that predict further tokens are not loaded, so none can be written. Where the original has none either, its configuration stays as it is.
            config = config.With(FurtherLayers, 0);
        }

        var json = Encoding.UTF8.GetBytes(config.With(key, dtype).ToJson());
        AtomicFile.Write(Path.Combine(folder, "config.json"), s => s.Write(json));
        foreach (var file in Carried.Where(f => File.Exists(Path.Combine(original, f)) && Path.GetFullPath(original) != Path.GetFullPath(folder)))
        {
            File.Copy(Path.Combine(original, file), Path.Combine(folder, file), overwrite: true);
        }
    }

    private static bool HoldsLayer(string folder, int layer)
    {
        try
        {
            using var checkpoint = CheckpointReader.Open(folder);
            return checkpoint.Names.Any(name => name.StartsWith($"model.layers.{layer}.", StringComparison.Ordinal));
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static TensorSource Source(Parameter parameter, ParameterPart part) => new(part.Name, parameter.DType, part.Shape, () =>
    {
        using var lease = parameter.Rent();
        return part.Of(lease.Tensor);
    });
}
