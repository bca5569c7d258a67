using System.Text.RegularExpressions;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>Translates bracketed classes, with classes within them and intersections (<c>&amp;&amp;</c>, which binds weaker than lying side by side).</summary>
/// <remarks>This runtime knows neither, so such a class becomes a group that matches one character: alternatives for unions, lookaheads for intersections.</remarks>
internal ref struct CharacterClass
{
    private const int DeepestNesting = 32;

    private readonly string pattern;
    private readonly bool foldsCase;
    private readonly Translation to;
    private int at;

    private CharacterClass(string pattern, int at, bool foldsCase, Translation to)
        => (this.pattern, this.at, this.foldsCase, this.to) = (pattern, at, foldsCase, to);

    /// <summary>Appends the class that begins at <paramref name="at"/> and returns the place behind it.</summary>
    /// <exception cref="FormatException">It is not closed, or uses what cannot be translated.</exception>
    public static int Translate(string pattern, int at, bool foldsCase, Translation to)
    {
        var reader = new CharacterClass(pattern, at, foldsCase, to);
        to.Output.Append(reader.Class(0));
        return reader.at;
    }

    private string Class(int depth)
    {
        if (depth > DeepestNesting)
            throw new FormatException("classes within classes are nested too deeply");
        var negated = ++at < pattern.Length && pattern[at] == '^';
        at += negated ? 1 : 0;
        var operands = new List<string>();
        var (members, classes) = (to.Part(), new List<string>());
        for (var first = true; at < pattern.Length; first = false)
        {
            var c = pattern[at];
            if (c == ']' && !first)
            {
                at++;
                return Joined(operands, members, classes, negated);
            }

            if (c == '&' && at + 1 < pattern.Length && pattern[at + 1] == '&')
            {
                operands.Add(Union(members, classes));
                (members, classes) = (to.Part(), []);
                at += 2;
            }
            else if (c == '[')
            {
                classes.Add(at + 1 < pattern.Length && pattern[at + 1] == ':'
                    ? throw new FormatException("POSIX brackets such as [:alpha:] are not supported")
                    : Class(depth + 1));
            }
            else
            {
                Member(c, members);
            }
        }

        throw new FormatException("a character class is not closed");
    }

    private void Member(char c, Translation members)
    {
        if (c == '\\')
        {
            at = Escapes.Translate(pattern, at, inClass: true, members);
            return;
        }

        if (char.IsSurrogate(c))
            throw new FormatException("characters beyond U+FFFF are not supported in a class");
        members.Output.Append(c is ']' or '^' ? $"\\{c}" : c.ToString());
        at++;
    }

    private readonly string Joined(List<string> operands, Translation members, List<string> classes, bool negated)
    {
        if (operands.Count == 0 && classes.Count == 0)
            return $"{(negated ? "[^" : "[")}{Folded(members)}]";
        operands.Add(Union(members, classes));
        var all = operands.Count == 1 ? operands[0] : $"(?:{string.Concat(operands.SkipLast(1).Select(o => $"(?={o})"))}{operands[^1]})";
        return negated ? $"(?:(?!{all})[\\s\\S])" : all;
    }

    private readonly string Union(Translation members, List<string> classes)
    {
        string[] all = [.. members.Output.Length > 0 ? [$"[{Folded(members)}]"] : Array.Empty<string>(), .. classes];
        return all.Length switch
        {
            0 => throw new FormatException("a side of && in a class is empty"),
            1 => all[0],
            _ => $"(?:{string.Join('|', all)})",
        };
    }

    // Oniguruma folds the long s and the Kelvin sign to s and k, wherever in a range these lie.
    private readonly string Folded(Translation members)
    {
        var text = members.Output.ToString();
        return foldsCase ? text + Companion('s', '\u017F') + Companion('k', '\u212A') : text;

        string Companion(char letter, char other)
            => Regex.IsMatch(letter.ToString(), $"[{text}]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant) ? other.ToString() : "";
    }
}
