namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>Joins the pieces of words: those with the prefix to what precedes them, others behind a space.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleansUp) : IDecoder
{
    private static readonly (string Spaced, string Closed)[] Rules =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public List<string> Apply(List<string> tokens) => [.. tokens.Select((token, i) => Cleaned(i == 0 ? token : Joined(token)))];

    /// <summary>Takes the spaces away that a tokenizer put before punctuation.</summary>
    public static string CleanUp(string text) => Rules.Aggregate(text, (current, rule) => current.Replace(rule.Spaced, rule.Closed, StringComparison.Ordinal));

    private string Joined(string token) => token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : $" {token}";

    private string Cleaned(string token) => cleansUp ? CleanUp(token) : token;
}
