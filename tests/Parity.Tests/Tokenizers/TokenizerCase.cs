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
        Loaded = Tokenizer.Load(Folder);
    }

    public string Folder { get; }

    public JsonElement Expected { get; }

    public Tokenizer Loaded { get; }

    public static TokenizerCase Open(string name) => Opened.GetOrAdd(name, static key => new TokenizerCase(key));

    public IEnumerable<JsonElement> List(string name) =>
        Expected.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];
}
