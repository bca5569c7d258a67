using System.Text.Json;
using Neoteny.Models.Checkpoints;

namespace Neoteny.Models.Hub;

/// <summary>The files of a model repository that are read here: those at its root, without other frameworks' weights.</summary>
internal static class ModelFiles
{
    private const string AdapterConfiguration = "adapter_config.json";
    private const string AdapterWeights = "adapter_model.safetensors";
    private static readonly string[] SmallEndings = [".json", ".jinja", ".model"];
    private static readonly string[] SmallNames = ["merges.txt", "vocab.txt"];
    private static readonly string[] OtherWeights = [".bin", ".pth", ".pt", ".gguf", ".h5", ".msgpack"];

    /// <exception cref="InputException">The repository has no weights that can be read.</exception>
    public static IReadOnlyList<string> Choose(HubRepository repository, IReadOnlyList<string> files)
    {
        var weights = Weights(files);
        if (weights.Count == 0)
        {
            var others = files.Where(f => OtherWeights.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal).ToList();
            throw new InputException(others.Count > 0
                ? $"The model {repository} has no safetensors, only {string.Join(", ", others.Take(3))}{(others.Count > 3 ? " and more" : "")}, formats that are not read. "
                    + "Choose a variant with safetensors, or convert it with Python's save_pretrained and name the folder."
                : $"The repository {repository} holds no weights (*.safetensors). Check the name.");
        }

        return [.. files.Where(IsSmall), .. weights];
    }

    /// <summary>Whether a file is configuration, tokenizer or template.</summary>
    public static bool IsSmall(string file)
    {
        var isAtRoot = !file.Contains('/') || file.StartsWith("additional_chat_templates/", StringComparison.Ordinal);
        return isAtRoot && (SmallEndings.Any(e => file.EndsWith(e, StringComparison.Ordinal)) || SmallNames.Contains(file)) && !file.EndsWith(".bin.index.json", StringComparison.Ordinal);
    }

    public static IReadOnlyList<string> Missing(string folder)
    {
        bool Has(string file) => File.Exists(Path.Combine(folder, file));
        if (Has(AdapterConfiguration) && !Has("config.json"))
        {
            return Has(AdapterWeights) ? [] : [AdapterWeights];
        }

        if (!Has("config.json"))
        {
            return ["config.json"];
        }

        return Has(CheckpointReader.SingleFile) ? []
            : Has(CheckpointReader.IndexFile) ? [.. Shards(Path.Combine(folder, CheckpointReader.IndexFile)).Where(s => !Has(s))]
            : [CheckpointReader.SingleFile];
    }

    public static IReadOnlyList<string> MissingTokenizer(string folder) => File.Exists(Path.Combine(folder, "tokenizer.json")) ? [] : ["tokenizer.json"];

    private static IReadOnlyList<string> Weights(IReadOnlyList<string> files)
    {
        if (files.Contains(AdapterConfiguration) && !files.Contains("config.json"))
        {
            return [.. files.Where(f => f == AdapterWeights)];
        }

        return files.Contains(CheckpointReader.SingleFile) ? [CheckpointReader.SingleFile]
            : files.Contains(CheckpointReader.IndexFile) ? [.. files.Where(f => f.StartsWith("model-", StringComparison.Ordinal) && f.EndsWith(".safetensors", StringComparison.Ordinal))]
            : [];
    }

    private static IReadOnlyList<string> Shards(string index)
    {
        try
        {
            return CheckpointIndex.Read(index).Files;
        }
        catch (Exception e) when (e is InputException or JsonException)
        {
            return [CheckpointReader.IndexFile];
        }
    }
}
