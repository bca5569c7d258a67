using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Texts as Python sees them: sequences of code points.</summary>
internal static class PythonText
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static int Length(string text) => HasPairs(text) ? text.EnumerateRunes().Count() : text.Length;

    public static IEnumerable<string> Characters(string text) => text.EnumerateRunes().Select(rune => rune.ToString());

    /// <summary>Order by code points.</summary>
    public static int Compare(string left, string right) => HasPairs(left) || HasPairs(right)
        ? left.EnumerateRunes().Zip(right.EnumerateRunes()).Select(pair => pair.First.CompareTo(pair.Second)).FirstOrDefault(order => order != 0)
            is not 0 and var found ? found : Length(left).CompareTo(Length(right))
        : string.CompareOrdinal(left, right);

    public static string Strip(string text, string? characters, bool left = true, bool right = true)
    {
        bool Drops(char c) => characters is null ? IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
        var (start, end) = (0, text.Length);
        while (left && start < end && Drops(text[start]))
            start++;
        while (right && end > start && Drops(text[end - 1]))
            end--;
        return text[start..end];
    }

    /// <summary>Splits at runs of blanks, at most <paramref name="most"/> times; negative: everywhere.</summary>
    public static List<object?> SplitBlanks(string text, long most)
    {
        var parts = new List<object?>();
        for (var at = SkipBlanks(text, 0); at < text.Length;)
        {
            if (most >= 0 && parts.Count == most)
            {
                parts.Add(text[at..]);
                break;
            }

            var end = at;
            while (end < text.Length && !IsSpace(text[end]))
                end++;
            parts.Add(text[at..end]);
            at = SkipBlanks(text, end);
        }

        return parts;
    }

    public static List<object?> Split(string text, string separator, long most)
    {
        if (separator.Length == 0)
            throw new TemplateError("a text cannot be split at an empty text.");
        var count = most < 0 || most >= int.MaxValue ? int.MaxValue : (int)most + 1;
        return [.. text.Split(separator, count)];
    }

    public static List<object?> SplitFromRight(string text, string separator, long most)
    {
        if (separator.Length == 0)
            throw new TemplateError("a text cannot be split at an empty text.");
        var parts = new List<object?>();
        var end = text.Length;
        while (most < 0 || parts.Count < most)
        {
            var at = text.AsSpan(0, end).LastIndexOf(separator);
            if (at < 0)
                break;
            parts.Add(text[(at + separator.Length)..end]);
            end = at;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    public static List<object?> Lines(string text, bool keepsEnds)
    {
        var lines = new List<object?>();
        for (var at = 0; at < text.Length;)
        {
            var length = text.AsSpan(at).IndexOfAny("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");
            var end = length < 0 ? text.Length : at + length;
            var next = end >= text.Length ? end : text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            lines.Add(text[at..(keepsEnds ? next : end)]);
            at = next;
        }

        return lines;
    }

    /// <summary>Every word capitalized; a letter begins a word where <paramref name="begins"/> says so of what stands before it.</summary>
    public static string Title(string text, Func<Rune, bool> begins)
    {
        var titled = new StringBuilder(text.Length);
        var first = true;
        foreach (var rune in text.EnumerateRunes())
        {
            titled.Append((first ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune)).ToString());
            first = begins(rune);
        }

        return titled.ToString();
    }

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : string.Concat(text[..1].ToUpperInvariant(), text[1..].ToLowerInvariant());

    /// <summary>The text of the code points that a slice selects.</summary>
    public static string Slice(string text, long? start, long? stop, long step)
    {
        if (step == 1 && !HasPairs(text))
        {
            var (from, to) = Slices.Bounds(text.Length, start, stop);
            return from < to ? text[from..to] : "";
        }

        return string.Concat(Slices.Select([.. Characters(text)], start, stop, step));
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length && IsSpace(text[at]))
            at++;
        return at;
    }

    private static bool HasPairs(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
}
