using System.Text;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>The properties that <c>\p{...}</c> names: general categories and scripts.</summary>
internal static class Properties
{
    private static readonly Dictionary<string, string> Categories = new(StringComparer.Ordinal)
    {
        ["LETTER"] = "L",
        ["UPPERCASELETTER"] = "Lu",
        ["LOWERCASELETTER"] = "Ll",
        ["TITLECASELETTER"] = "Lt",
        ["MODIFIERLETTER"] = "Lm",
        ["OTHERLETTER"] = "Lo",
        ["MARK"] = "M",
        ["NONSPACINGMARK"] = "Mn",
        ["SPACINGMARK"] = "Mc",
        ["ENCLOSINGMARK"] = "Me",
        ["NUMBER"] = "N",
        ["DECIMALNUMBER"] = "Nd",
        ["LETTERNUMBER"] = "Nl",
        ["OTHERNUMBER"] = "No",
        ["PUNCTUATION"] = "P",
        ["CONNECTORPUNCTUATION"] = "Pc",
        ["DASHPUNCTUATION"] = "Pd",
        ["OPENPUNCTUATION"] = "Ps",
        ["CLOSEPUNCTUATION"] = "Pe",
        ["INITIALPUNCTUATION"] = "Pi",
        ["FINALPUNCTUATION"] = "Pf",
        ["OTHERPUNCTUATION"] = "Po",
        ["SYMBOL"] = "S",
        ["MATHSYMBOL"] = "Sm",
        ["CURRENCYSYMBOL"] = "Sc",
        ["MODIFIERSYMBOL"] = "Sk",
        ["OTHERSYMBOL"] = "So",
        ["SEPARATOR"] = "Z",
        ["SPACESEPARATOR"] = "Zs",
        ["LINESEPARATOR"] = "Zl",
        ["PARAGRAPHSEPARATOR"] = "Zp",
        ["OTHER"] = "C",
        ["CONTROL"] = "Cc",
        ["FORMAT"] = "Cf",
        ["PRIVATEUSE"] = "Co",
        ["UNASSIGNED"] = "Cn",
    };

    private static readonly Dictionary<string, string> Short = Categories.Values.ToDictionary(c => c.ToUpperInvariant());

    /// <summary>Appends the property at <paramref name="at"/>, as a member of a class or as a class of its own, and returns the place behind it.</summary>
    public static int Translate(string pattern, int at, bool inClass, Translation to)
    {
        var end = at + 2 < pattern.Length && pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : at + 2;
        if (end < 0 || end >= pattern.Length)
            throw new FormatException("\\p needs a category, such as \\p{L}");
        var written = pattern[(at + 2)..(end + 1)].Trim('{', '}');
        var negated = written.StartsWith('^') ^ (pattern[at + 1] == 'P');
        var name = written.TrimStart('^');
        var plain = string.Concat(name.Where(c => c is not ('_' or '-' or ' '))).ToUpperInvariant();
        if (Short.GetValueOrDefault(plain) is { } category || Categories.TryGetValue(plain, out category))
            to.Output.Append(negated ? "\\P{" : "\\p{").Append(category).Append('}');
        else
            Script(name, negated, inClass, to);
        return end + 1;
    }

    private static void Script(string name, bool negated, bool inClass, Translation to)
    {
        var script = ScriptTable.Instance.Find(name);
        if (script < 0)
            throw new FormatException($"the property \\p{{{name}}} is not supported; general categories such as \\p{{L}} and scripts such as \\p{{Han}} are");
        var ranges = ScriptTable.Instance.RangesOf(script).Where(r => r.Start <= char.MaxValue).Select(r => (r.Start, End: Math.Min(r.End, char.MaxValue))).ToArray();
        if (ranges.Length == 0)
            throw new FormatException($"the script {ScriptTable.Instance.NameOf(script)} lies beyond U+FFFF and is not supported");
        to.Scripts.Add(script);
        if (!inClass)
            to.Output.Append(negated ? "[^" : "[");
        foreach (var (start, end) in negated && inClass ? Others(ranges) : ranges)
            to.Output.Append($"\\u{start:X4}-\\u{end:X4}");
        if (!inClass)
            to.Output.Append(']');
    }

    private static IEnumerable<(int Start, int End)> Others((int Start, int End)[] ranges)
    {
        var next = 0;
        foreach (var (start, end) in ranges)
        {
            if (start > next)
                yield return (next, start - 1);
            next = end + 1;
        }

        if (next <= char.MaxValue)
            yield return (next, char.MaxValue);
    }
}
