using System.Globalization;
using System.Text.RegularExpressions;

namespace Neoteny.Plugins.Flex;

/// <summary>Programs with a name, written in the language of texts.</summary>
internal static partial class BuiltIns
{
    /// <summary>The program of a named score modification; null where the text is no name.</summary>
    /// <exception cref="InputException">The name's number is missing or no number.</exception>
    public static string? Score(string text) => Named(text) switch
    {
        ("alibi", null) => "score - slope[head] * Abs(q - k)",
        ("softcap" or "tanh_softcap", var cap) => $"{Positive(text, cap)}f * Tanh(score / {cap}f)",
        (var name, _) when Mask(text) is not null => throw new InputException($"{name} is a mask, not a score modification; it belongs into flex_attention_mask."),
        _ => null,
    };

    /// <summary>The program of a named mask, and whether it lifts the causal diagonal; null where the text is no name.</summary>
    /// <exception cref="InputException">The name's number is missing or no number.</exception>
    public static (string Program, bool LiftsCausal)? Mask(string text) => Named(text) switch
    {
        ("causal", null) => ("k <= q", false),
        ("full", null) => ("true", true),
        ("document", null) => ("true", false),
        ("sliding_window", var size) => ($"k <= q && q - k < {Whole(text, size)}", false),
        ("prefix_lm", var size) => ($"k <= q || k < {Whole(text, size)}", true),
        ("alibi" or "softcap" or "tanh_softcap", _) => throw new InputException($"{text} is a score modification, not a mask; it belongs into flex_attention_score."),
        _ => null,
    };

    /// <summary>ALiBi's slope of each head (Press et al., 2022): 2^(-8 i / n) where the number of heads n is a power of two; else those of the power below, then every other one of the power above.</summary>
    public static float[] Slopes(int heads)
    {
        var power = 1 << int.Log2(heads);
        IEnumerable<float> Of(int n) => Enumerable.Range(1, n).Select(i => MathF.Pow(2, -8f * i / n));
        return [.. Of(power), .. Of(2 * power).Where((_, i) => i % 2 == 0).Take(heads - power)];
    }

    private static (string Name, string? Argument)? Named(string text)
        => Name().Match(text) is { Success: true } m ? (m.Groups[1].Value, m.Groups[3].Success ? m.Groups[3].Value.Trim() : null) : null;

    private static string Positive(string text, string? argument)
        => float.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out var cap) && cap > 0 && float.IsFinite(cap) ? argument!
            : throw new InputException($"\"{text}\" needs a positive number, for instance softcap(50).");

    private static int Whole(string text, string? argument)
        => int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 ? size
            : throw new InputException($"\"{text}\" needs a number of tokens, for instance {text.Split('(')[0].Trim()}(1024).");

    [GeneratedRegex(@"^\s*([a-z_]+)\s*(\((.*)\))?\s*$")]
    private static partial Regex Name();
}
