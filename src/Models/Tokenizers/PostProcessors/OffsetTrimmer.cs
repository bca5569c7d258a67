using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.PostProcessors;

/// <summary>Takes the spaces that a token begins or ends with out of its range (<c>trim_offsets</c>).</summary>
/// <param name="keepsPrefix">Whether one space before the first token stays, which <c>add_prefix_space</c> may have put there.</param>
internal sealed class OffsetTrimmer(bool keepsPrefix)
{
    private static readonly char Space = ByteAlphabet.CharacterOf((byte)' ');

    public static OffsetTrimmer[] Read(JsonValue value)
        => value.Flag("trim_offsets", true) ? [new OffsetTrimmer(value.Flag("add_prefix_space", true))] : [];

    /// <param name="token">The token as the vocabulary spells it.</param>
    /// <param name="span">Its range.</param>
    /// <param name="isFirst">Whether it is the first of the text.</param>
    public TextSpan Trim(string token, TextSpan span, bool isFirst)
    {
        var leading = token.TakeWhile(IsSpace).Count();
        var trailing = token.Reverse().TakeWhile(IsSpace).Count();
        if (keepsPrefix && leading == 1 && (isFirst || span.Start == 0))
            leading = 0;
        var start = Math.Min(span.Start + leading, span.End);
        return new TextSpan(start, span.End >= trailing ? Math.Max(span.End - trailing, start) : span.End);
    }

    private static bool IsSpace(char character) => character == Space || char.IsWhiteSpace(character);
}
