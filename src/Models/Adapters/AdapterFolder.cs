using System.Text;
using Neoteny.Adapters;
using Neoteny.Models.Checkpoints;
using static TorchSharp.torch;

namespace Neoteny.Models.Adapters;

/// <summary>An adapter as a folder in PEFT's layout: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public static class AdapterFolder
{
    /// <summary>The configuration's file name.</summary>
    public const string ConfigurationFile = "adapter_config.json";

    /// <summary>The weights' file name.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool Holds(string folder) => File.Exists(Path.Combine(folder, ConfigurationFile));

    /// <summary>Reads an adapter. The caller disposes its tensors.</summary>
    /// <exception cref="InputException">A file is missing or malformed.</exception>
    public static AdapterFiles Read(string folder)
    {
        var configuration = Path.Combine(folder, ConfigurationFile);
        if (!File.Exists(configuration))
        {
            throw new InputException($"'{folder}' holds no adapter: {ConfigurationFile} is missing. Name the folder that training wrote the adapter to.");
        }

        using var weights = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        return new AdapterFiles
        {
            Configuration = File.ReadAllText(configuration),
            Tensors = weights.Entries.ToDictionary(e => e.Name, e => weights.Read(e.Name)),
        };
    }

    /// <summary>The rows of the embedding, or of the head, that an adapter saved in full; null where it saved neither.</summary>
    /// <exception cref="InputException">The weights are missing or malformed.</exception>
    public static long? EmbeddingRows(string folder)
    {
        using var weights = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        return weights.Entries.FirstOrDefault(e => e.Name.EndsWith(".embed_tokens.weight", StringComparison.Ordinal) || e.Name.EndsWith(".lm_head.weight", StringComparison.Ordinal))?.Shape[0];
    }

    /// <summary>Writes an adapter into an existing folder, each file beside and renamed.</summary>
    public static void Write(string folder, AdapterFiles files)
    {
        SafetensorsWriter.Write(Path.Combine(folder, WeightsFile), files.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal));
        AtomicFile.Write(Path.Combine(folder, ConfigurationFile), s => s.Write(Encoding.UTF8.GetBytes(files.Configuration.TrimEnd() + "\n")));
    }

    /// <summary>Frees the tensors of files that were read.</summary>
    public static void Free(AdapterFiles files)
    {
        foreach (var tensor in files.Tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
