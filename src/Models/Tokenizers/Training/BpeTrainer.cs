using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers;

/// <summary>Learns a byte-level BPE vocabulary from text.</summary>
/// <remarks>
/// Sennrich et al. 2016 (arXiv:1508.07909) over bytes, as GPT-2 does: the pair that occurs most often joins first; of equally frequent
/// pairs the one with the smaller ids. Counts are kept up to date word by word, so the cost hardly grows with the text.
/// </remarks>
public static class BpeTrainer
{
    /// <summary>How text is split into words: the pattern of Llama 3, digits in groups of at most three.</summary>
    public static string Pattern =>
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Learns a vocabulary. The same texts in the same order give the same result.</summary>
    /// <param name="texts">The text, in parts; no word reaches over the end of a part.</param>
    /// <param name="vocabularySize">Tokens altogether: 256 bytes, the special tokens, and what is learned. Fewer come out where no pair occurs twice.</param>
    /// <param name="specialTokens">Tokens with ids behind the learned ones, in this order; not searched for in the text.</param>
    /// <exception cref="InputException">The size leaves no room for the bytes and the special tokens, or a special token is empty or twice there.</exception>
    public static TrainedTokenizer Train(IEnumerable<string> texts, int vocabularySize, IReadOnlyList<string> specialTokens)
    {
        Check(vocabularySize, specialTokens);
        var words = new WordCounter(SplitPattern.Parse(Pattern));
        foreach (var text in texts)
            words.Add(text);

        var tokens = new List<string>(vocabularySize);
        var symbols = new int[256];
        foreach (var value in Enumerable.Range(0, 256).OrderBy(value => ByteAlphabet.CharacterOf((byte)value)))
        {
            symbols[value] = tokens.Count;
            tokens.Add(ByteAlphabet.CharacterOf((byte)value).ToString());
        }

        var merges = new List<(int Left, int Right)>();
        var learner = new MergeLearner(words.Counts, symbols);
        while (tokens.Count < vocabularySize - specialTokens.Count && learner.Best() is { } pair)
        {
            var joined = tokens[pair.Left] + tokens[pair.Right];
            learner.Join(pair, tokens.Count);
            tokens.Add(joined);
            merges.Add(pair);
        }

        return new TrainedTokenizer(tokens, merges, specialTokens);
    }

    private static void Check(int vocabularySize, IReadOnlyList<string> specialTokens)
    {
        if (vocabularySize < 256 + specialTokens.Count)
        {
            throw new InputException(
                $"A vocabulary of {vocabularySize} tokens has no room for 256 bytes and {specialTokens.Count} special tokens. " +
                $"Ask for at least {256 + specialTokens.Count}.");
        }

        if (specialTokens.Any(string.IsNullOrEmpty) || specialTokens.Distinct(StringComparer.Ordinal).Count() != specialTokens.Count)
            throw new InputException("A special token is empty or given twice. Name each once.");
    }
}
