using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;

namespace Neoteny.Models.Configuration;

/// <summary>A model's <c>config.json</c>, in either key layout, with the raw JSON kept for saving.</summary>
/// <remarks>Immutable: <see cref="With"/> returns a changed copy. A key set to <c>null</c> counts as absent. Thread-safe.</remarks>
public sealed partial class HuggingFaceConfig
{
    private static readonly JsonDocumentOptions Reading = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64, AllowDuplicateProperties = false };
    private static readonly JsonSerializerOptions Writing = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly JsonObject root;
    private readonly string prefix;

    private readonly ISet<string>? read;

    private HuggingFaceConfig(JsonObject root, string source, string prefix = "", ISet<string>? read = null)
        => (this.root, Source, this.prefix, this.read) = (root, source, prefix, read);

    /// <summary>The file it was read from, for messages.</summary>
    public string Source { get; }

    /// <summary>The <c>model_type</c>, such as <c>llama</c>.</summary>
    public string ModelType => Text("model_type");

    /// <summary>The dtype of the weights (<c>dtype</c> or <c>torch_dtype</c>); null when the file does not say.</summary>
    /// <exception cref="InputException">The name is not a floating point dtype.</exception>
    public torch.ScalarType? DType
        => Text("dtype", Text("torch_dtype", "")) switch
        {
            "" or "auto" => null,
            "float32" or "float" => torch.ScalarType.Float32,
            "bfloat16" => torch.ScalarType.BFloat16,
            "float16" or "half" => torch.ScalarType.Float16,
            "float64" or "double" => torch.ScalarType.Float64,
            var other => throw Wrong(Has("dtype") ? "dtype" : "torch_dtype", "one of float32, bfloat16, float16 and float64", other),
        };

    /// <summary>The keys of the object.</summary>
    public IEnumerable<string> Keys => root.Select(p => p.Key);

    /// <summary>Reads the <c>config.json</c> of a model folder.</summary>
    /// <exception cref="InputException">The folder or the file is missing, or is no JSON object.</exception>
    public static HuggingFaceConfig Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"There is no model folder '{folder}'. Give a folder with config.json, the weights (*.safetensors) and the tokenizer.");
        }

        return Read(Path.Combine(folder, "config.json"));
    }

    /// <summary>Reads a file of any name.</summary>
    /// <exception cref="InputException">The file is missing or is no JSON object.</exception>
    public static HuggingFaceConfig Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path} is missing. A model folder needs it beside its weights; download the model again, or name another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read: {e.Message} Check its permissions.", e);
        }
    }

    /// <summary>Reads JSON text.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="source">What messages call it, usually a path.</param>
    /// <exception cref="InputException">It is no JSON object.</exception>
    public static HuggingFaceConfig Parse(string json, string source)
    {
        try
        {
            var node = JsonNode.Parse(json, documentOptions: Reading) as JsonObject
                ?? throw new InputException($"{source} must hold a JSON object. Download the model again.");
            return new HuggingFaceConfig(node, source);
        }
        catch (JsonException e)
        {
            var what = e.LineNumber is { } line ? $"line {line + 1}, column {e.BytePositionInLine + 1}: not valid JSON" : "a key is given twice";
            throw new InputException($"{source}: {what}. Correct the file or download the model again.", e);
        }
    }

    /// <summary>A copy with one key changed; <paramref name="value"/> may be null, a string, a number, a boolean, a list or a dictionary of these.</summary>
    public HuggingFaceConfig With(string key, object? value)
    {
        var copy = root.DeepClone().AsObject();
        copy[key] = value is JsonNode node ? node.DeepClone() : JsonSerializer.SerializeToNode(value);
        return new HuggingFaceConfig(copy, Source, prefix);
    }

    /// <summary>A copy without a key.</summary>
    public HuggingFaceConfig Without(string key)
    {
        var copy = root.DeepClone().AsObject();
        copy.Remove(key);
        return new HuggingFaceConfig(copy, Source, prefix);
    }

    /// <summary>The same configuration, which notes every top-level key that is asked for in <paramref name="keys"/>.</summary>
    internal HuggingFaceConfig Noting(ISet<string> keys) => new(root, Source, prefix, keys);

    /// <summary>The whole object as indented JSON, keys in their order, ending with a line feed.</summary>
    public string ToJson() => root.ToJsonString(Writing) + "\n";
}
