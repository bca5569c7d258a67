using System.Collections.Concurrent;
using System.Text.Json;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Parity.Tests.Tokenizers;

/// <summary>A tokenizer fixture: the tokenizer and what the reference said.</summary>
internal sealed class TokenizerCase
{
    private static readonly ConcurrentDictionary<string, TokenizerCase> Opened = new();

    private TokenizerCase(string name)
    {
        Folder = FixtureFolders.Tokenizer(name);
        Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json"))).RootElement;
        try
        {
            Loaded = Tokenizer.Load(Folder);
        }
        catch (InputException error) when (error.Message.Contains("is not supported", StringComparison.Ordinal))
        {
            Unsupported = error.Message;
        }
    }

    public string Folder { get; }

    public JsonElement Expected { get; }

    public Tokenizer? Loaded { get; }

    public string? Unsupported { get; }

    /// <summary>Opens a fixture; one of a kind that is not supported is reported as skipped, with its name and the reason.</summary>
    public static TokenizerCase Open(string name)
    {
        var opened = Opened.GetOrAdd(name, static key => new TokenizerCase(key));
        Skip.If(opened.Loaded is null, $"tokenizers/{name}: {opened.Unsupported}");
        return opened;
    }

    public IEnumerable<JsonElement> List(string name) =>
        Expected.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];
}
