using System.Text;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>Writes an Oniguruma pattern, which is what tokenizer.json holds, as a .NET pattern that matches the same text.</summary>
/// <remarks>
/// What differs: possessive quantifiers (<c>x++</c> becomes <c>(?&gt;x+)</c>), <c>\w</c>, <c>\b</c>, <c>\h</c>, set operations within classes, scripts such as
/// <c>\p{Han}</c>, options without a group of their own, and the long s and the Kelvin sign, which Oniguruma folds to s and k. Braces are never possessive in
/// Oniguruma: <c>x{1,3}+</c> repeats.
/// </remarks>
internal ref struct PatternTranslator(string pattern)
{
    private readonly Translation to = new();
    private readonly Stack<(int Start, bool FoldsCase, bool Implied)> groups = new();
    private int at;
    private int atomStart = -1;
    private bool foldsCase;

    /// <exception cref="FormatException">The pattern uses what cannot be translated.</exception>
    public static Translation Translate(string pattern) => new PatternTranslator(pattern).Run();

    private readonly StringBuilder Output => to.Output;

    private Translation Run()
    {
        while (at < pattern.Length)
            Step(pattern[at]);
        CloseImplied();
        return groups.Count > 0 ? throw new FormatException("a group is not closed") : to;
    }

    private void Step(char c)
    {
        switch (c)
        {
            case '(':
                OpenGroup();
                break;
            case ')':
                CloseGroup();
                break;
            case '[':
                atomStart = Output.Length;
                at = CharacterClass.Translate(pattern, at, foldsCase, to);
                break;
            case '\\':
                atomStart = Output.Length;
                at = Escapes.Translate(pattern, at, inClass: false, to);
                break;
            case '*' or '+' or '?':
                Quantifier(1);
                break;
            case '{' when IntervalLength() is > 0 and var length:
                Interval(length);
                break;
            default:
                Literal(c);
                break;
        }
    }

    private void OpenGroup()
    {
        groups.Push((Output.Length, foldsCase, false));
        var end = at + 1;
        if (end < pattern.Length && pattern[end] == '?')
        {
            end++;
            while (end < pattern.Length && (char.IsAsciiLetter(pattern[end]) || pattern[end] == '-'))
                end++;
            var flags = pattern[(at + 2)..end];
            if (flags.Any(flag => flag is not ('i' or '-')))
                throw new FormatException($"the option (?{flags}) is not supported");
            if (flags.Length > 0)
                foldsCase = flags.IndexOf('i') is >= 0 and var i && (flags.IndexOf('-') is < 0 and var _ || i < flags.IndexOf('-'));
            if (end < pattern.Length && pattern[end] is ':' or '=' or '!' or '>')
                end++;
            else if (end < pattern.Length && pattern[end] == ')' && flags.Length > 0)
            {
                OpenImplied(flags, end);
                return;
            }
        }

        Output.Append(pattern, at, end - at);
        at = end;
        atomStart = -1;
    }

    // In Oniguruma an option without a group holds to the end of the group around it, alternatives included: a(?i)b|c is a(?i:b|c).
    private void OpenImplied(string flags, int end)
    {
        var (start, before, _) = groups.Pop();
        groups.Push((start, before, true));
        Output.Append("(?").Append(flags).Append(':');
        at = end + 1;
        atomStart = -1;
    }

    private void CloseImplied()
    {
        while (groups.TryPeek(out var group) && group.Implied)
        {
            (_, foldsCase, _) = groups.Pop();
            Output.Append(')');
        }
    }

    private void CloseGroup()
    {
        CloseImplied();
        if (groups.Count == 0)
            throw new FormatException("a ')' closes nothing");
        (atomStart, foldsCase, _) = groups.Pop();
        Output.Append(')');
        at++;
    }

    private void Quantifier(int length)
    {
        var possessive = at + length < pattern.Length && pattern[at + length] == '+' && atomStart >= 0;
        Output.Append(pattern, at, length);
        at += length;
        if (possessive)
        {
            Output.Insert(atomStart, "(?>").Append(')');
            at++;
        }
        else if (at < pattern.Length && pattern[at] == '?')
        {
            Output.Append('?');
            at++;
            atomStart = -1;
        }
    }

    private void Interval(int length)
    {
        var again = at + length < pattern.Length && pattern[at + length] is '+' or '*';
        if (again && atomStart >= 0)
        {
            Output.Insert(atomStart, "(?:").Append(pattern, at, length).Append(')');
            at += length;
            return;
        }

        Quantifier(length);
    }

    private readonly int IntervalLength()
    {
        var end = pattern.IndexOf('}', at);
        if (end < 0 || end == at + 1 || !char.IsAsciiDigit(pattern[at + 1]))
            return 0;
        var inner = pattern.AsSpan(at + 1, end - at - 1);
        return inner.ContainsAnyExcept("0123456789,") ? 0 : end - at + 1;
    }

    private void Literal(char c)
    {
        if (c != '|')
            atomStart = Output.Length;
        Output.Append((foldsCase, c) switch
        {
            (true, 's' or 'S') => "[sS\u017F]",
            (true, 'k' or 'K') => "[kK\u212A]",
            (_, '#') => "\\#",
            _ => c.ToString(),
        });
        if (char.IsHighSurrogate(c))
            throw new FormatException("characters beyond U+FFFF are not supported in a pattern");
        if (c == '|')
            atomStart = -1;
        at++;
    }
}
