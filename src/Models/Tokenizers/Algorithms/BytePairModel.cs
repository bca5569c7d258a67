using System.Text;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Byte-pair encoding over bytes or over characters.</summary>
internal sealed class BytePairModel : ITokenModel
{
    private readonly MergeTable merges;
    private readonly BytePairSettings settings;
    private readonly WordCache cache = new();
    private readonly int?[]? byteSymbols;
    private readonly int[]? byteTokens;
    private readonly int? unknown;

    public BytePairModel(Vocabulary vocabulary, MergeTable merges, BytePairSettings settings)
    {
        Vocabulary = vocabulary;
        this.merges = merges;
        this.settings = settings;
        if (settings.Bytes)
            byteSymbols = [.. Enumerable.Range(0, 256).Select(value => vocabulary.IdOf([ByteAlphabet.CharacterOf((byte)value)]))];
        if (settings.ByteFallback)
            byteTokens = vocabulary.ByteTokens();
        unknown = settings.UnknownToken is { } token ? vocabulary.IdOf(token) : null;
    }

    public Vocabulary Vocabulary { get; }

    public Word Encode(ReadOnlySpan<char> piece)
    {
        if (cache.TryGet(piece, out var known))
            return known!;
        var word = settings.Bytes ? EncodeBytes(piece) : EncodeCharacters(piece);
        cache.Add(piece, word);
        return word;
    }

    private Word EncodeBytes(ReadOnlySpan<char> piece)
    {
        if (settings.IgnoreMerges && Vocabulary.IdOf(ByteAlphabet.Write(Encoding.UTF8.GetBytes(piece.ToString()))) is { } whole)
            return Word.Single(whole, piece.Length);
        var symbols = new SymbolAdder(piece.Length * 2, unknown, settings.FuseUnknown);
        Span<byte> bytes = stackalloc byte[4];
        for (var at = 0; at < piece.Length;)
        {
            var used = CharacterTests.LengthOfRune(piece[at..]);
            var count = Encoding.UTF8.GetBytes(piece.Slice(at, used), bytes);
            foreach (var value in bytes[..count])
                symbols.Add(byteSymbols![value], at, at + used);
            at += used;
        }

        return symbols.Finish().Merge(merges);
    }

    private Word EncodeCharacters(ReadOnlySpan<char> piece)
    {
        if (settings.IgnoreMerges && Vocabulary.IdOf(piece) is { } whole)
            return Word.Single(whole, piece.Length);
        var symbols = new SymbolAdder(piece.Length, unknown, settings.FuseUnknown);
        for (var at = 0; at < piece.Length;)
        {
            var used = CharacterTests.LengthOfRune(piece[at..]);
            AddCharacter(piece, at, used, symbols);
            at += used;
        }

        return symbols.Finish().Merge(merges);
    }

    private void AddCharacter(ReadOnlySpan<char> piece, int at, int used, SymbolAdder symbols)
    {
        var id = Vocabulary.IdOf(Decorated(piece, at, used));
        if (id is not null || byteTokens is null)
        {
            symbols.Add(id, at, at + used);
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        var count = Encoding.UTF8.GetBytes(piece.Slice(at, used), bytes);
        foreach (var value in bytes[..count])
            symbols.Add(byteTokens[value], at, at + used);
    }

    private ReadOnlySpan<char> Decorated(ReadOnlySpan<char> piece, int at, int used)
    {
        var character = piece.Slice(at, used);
        var prefix = at > 0 ? settings.SubwordPrefix : "";
        var suffix = at + used == piece.Length ? settings.WordSuffix : "";
        return prefix.Length + suffix.Length == 0 ? character : string.Concat(prefix, character, suffix);
    }
}
