using System.Text;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>Translates one bracketed class.</summary>
internal static class CharacterClass
{
    /// <summary>Appends the class that begins at <paramref name="at"/> and returns the place behind it.</summary>
    public static int Translate(string pattern, int at, bool foldsCase, StringBuilder output)
    {
        output.Append('[');
        at++;
        if (at < pattern.Length && pattern[at] == '^')
        {
            output.Append('^');
            at++;
        }

        for (var first = true; at < pattern.Length; first = false)
        {
            var c = pattern[at];
            if (c == ']' && !first)
            {
                output.Append(']');
                return at + 1;
            }

            at = Member(pattern, at, c, foldsCase, output);
        }

        throw new FormatException("a character class is not closed");
    }

    private static int Member(string pattern, int at, char c, bool foldsCase, StringBuilder output)
    {
        if (c == '\\')
            return Escapes.Translate(pattern, at, inClass: true, output);
        if (c == '[' && at + 1 < pattern.Length && pattern[at + 1] == ':')
            throw new FormatException("POSIX brackets such as [:alpha:] are not supported");
        if (c == '[')
            throw new FormatException("a class within a class is not supported; escape a literal '[' as '\\['");
        if (c == '&' && at + 1 < pattern.Length && pattern[at + 1] == '&')
            throw new FormatException("the intersection of classes (&&) is not supported");
        if (char.IsSurrogate(c))
            throw new FormatException("characters beyond U+FFFF are not supported in a class");
        if (foldsCase && c is 's' or 'S' or 'k' or 'K')
            output.Append(c is 's' or 'S' ? '\u017F' : '\u212A');
        output.Append(c is ']' ? "\\]" : c.ToString());
        return at + 1;
    }
}
