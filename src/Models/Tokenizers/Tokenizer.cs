using Neoteny.Models.Tokenizers.PostProcessors;

namespace Neoteny.Models.Tokenizers;

/// <summary>A tokenizer of the Hugging Face hub: text to token ids and back, exactly as its tokenizer.json describes.</summary>
/// <remarks>
/// Models: BPE over bytes, BPE over characters (with byte fallback), Unigram. All members may be called from several threads at once.
/// Unpaired surrogates in a text count as U+FFFD.
/// </remarks>
public sealed class Tokenizer
{
    private readonly string folder;
    private readonly TokenizerParts parts;

    private Tokenizer(string folder, TokenizerParts parts)
    {
        this.folder = folder;
        this.parts = parts;
        SpecialIds = parts.Added.Tokens.Where(token => token.Special).Select(token => token.Id).ToHashSet();
        AddedIds = parts.Added.Tokens.Select(token => token.Id).ToHashSet();
        Length = parts.Model.Vocabulary.Count + AddedIds.Count(id => parts.Model.Vocabulary.TokenOf(id) is null);
    }

    /// <summary>Number of tokens of the model itself, without added ones.</summary>
    public int VocabularySize => parts.Model.Vocabulary.Count;

    /// <summary>Number of tokens, added ones included: the rows that an embedding needs.</summary>
    public int Length { get; }

    /// <summary>Ids of the special tokens, which decoding can skip.</summary>
    public IReadOnlySet<int> SpecialIds { get; }

    /// <summary>Ids of all added tokens, special or not.</summary>
    public IReadOnlySet<int> AddedIds { get; }

    /// <summary>Tokens by the role that the folder's files give them: <c>bos_token</c>, <c>eos_token</c>, <c>unk_token</c>, <c>sep_token</c>, <c>pad_token</c>, <c>cls_token</c>,
    /// <c>mask_token</c>, and the model's own of <c>extra_special_tokens</c>.</summary>
    public IReadOnlyDictionary<string, string> TokensByRole => parts.Special.ByRole;

    /// <summary>Token that begins a text, or null.</summary>
    public string? BosToken => parts.Special["bos_token"];

    /// <summary>Token that ends a text, or null.</summary>
    public string? EosToken => parts.Special["eos_token"];

    /// <summary>Token that fills up a batch, or null.</summary>
    public string? PadToken => parts.Special["pad_token"];

    /// <summary>Token for what the vocabulary cannot write, or null.</summary>
    public string? UnkToken => parts.Special["unk_token"];

    /// <summary>Id of <see cref="BosToken"/>, or null.</summary>
    public int? BosId => IdOf(BosToken);

    /// <summary>Id of <see cref="EosToken"/>, or null.</summary>
    public int? EosId => IdOf(EosToken);

    /// <summary>Id of <see cref="PadToken"/>, or null.</summary>
    public int? PadId => IdOf(PadToken);

    /// <summary>Id of <see cref="UnkToken"/>, or null.</summary>
    public int? UnkId => IdOf(UnkToken);

    /// <summary>Reads tokenizer.json, tokenizer_config.json and special_tokens_map.json of a folder; the last two may be absent.</summary>
    /// <remarks>
    /// Which tokens are put around a text is for the post-processor of tokenizer.json to say; <c>add_bos_token</c> and <c>add_eos_token</c> of tokenizer_config.json count
    /// only where <c>tokenizer_class</c> is GPTNeoXTokenizer, as in Transformers 5.
    /// </remarks>
    /// <exception cref="InputException">A file is missing, malformed, or asks for what is not supported; the message names the place.</exception>
    public static Tokenizer Load(string folder) => new(folder, TokenizerParts.Load(folder));

    /// <summary>The ids of a text. Special tokens written out in the text are recognized.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor's tokens (a beginning of text, for instance) are added.</param>
    public int[] Encode(string text, bool addSpecialTokens)
    {
        var (before, behind) = Around(addSpecialTokens);
        var ids = new List<int>(text.Length / 3 + 4);
        ids.AddRange(before);
        parts.Pipeline.Encode(text, ids, null);
        ids.AddRange(behind);
        return [.. ids];
    }

    /// <summary>As <see cref="Encode"/>, with the range of the text that each id stands for.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor's tokens are added.</param>
    /// <param name="trims">Whether spaces at the edges of tokens are left out of their ranges where the post-processor says so (<c>trim_offsets</c>).</param>
    public EncodedText EncodeWithOffsets(string text, bool addSpecialTokens, bool trims = true)
    {
        var (before, behind) = Around(addSpecialTokens);
        var ids = new List<int>(before);
        var spans = new List<TextSpan>(before.Select(_ => new TextSpan(0, 0)));
        parts.Pipeline.Encode(text, ids, spans);
        for (var i = before.Length; trims && i < ids.Count; i++)
            spans[i] = Trimmed(ids[i], spans[i], i == before.Length);
        ids.AddRange(behind);
        spans.AddRange(behind.Select(_ => new TextSpan(text.Length, text.Length)));
        return new EncodedText { Ids = [.. ids], Spans = [.. spans] };
    }

    /// <summary>The text of ids. Ids that no token has are left out; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Token ids in order.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
        {
            if (TokenOf(id) is { } token && !(skipSpecialTokens && SpecialIds.Contains(id)))
                tokens.Add(token);
        }

        return parts.Decoder is { } decoder ? string.Concat(decoder.Apply(tokens)) : string.Join(' ', tokens);
    }

    /// <summary>The id of a token as the vocabulary spells it, or null.</summary>
    public int? IdOf(string? token) =>
        token is null ? null : parts.Added.Find(token)?.Id ?? parts.Model.Vocabulary.IdOf(token);

    /// <summary>The token of an id as the vocabulary spells it, or null.</summary>
    public string? TokenOf(int id) => parts.Added.Find(id) is { } added ? parts.Pipeline.TextOf(added) : parts.Model.Vocabulary.TokenOf(id);

    /// <summary>Copies all files of the tokenizer, chat templates included, byte by byte.</summary>
    /// <param name="target">Folder to write to; created where absent.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void CopyTo(string target) => TokenizerFiles.Copy(folder, target);

    private TextSpan Trimmed(int id, TextSpan span, bool isFirst)
        => parts.PostProcessor.Trimmers.Aggregate(span, (current, trimmer) => trimmer.Trim(TokenOf(id) ?? "", current, isFirst));

    private (int[] Before, int[] Behind) Around(bool addSpecialTokens) =>
        addSpecialTokens ? (parts.PostProcessor.Before, parts.PostProcessor.Behind) : (PostProcessor.None.Before, PostProcessor.None.Behind);
}
