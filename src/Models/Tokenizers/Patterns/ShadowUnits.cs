using System.Collections.Concurrent;
using System.Globalization;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>What stands for a character beyond U+FFFF before a pattern: one unit of the same general category that lies in the same of the pattern's scripts.</summary>
internal sealed class ShadowUnits(IReadOnlyCollection<int> scripts)
{
    /// <summary>One rarely used character of each general category, in the order of <see cref="UnicodeCategory"/>.</summary>
    private const string Representatives =
        "\uA640\uA641\u1F88\uA60C\uA4D0\uA66F\uA823\uA670\uA620\uA6E6\uA830\u3000\u2028\u2029\u0085\u2064\uD800\uE000" +
        "\u2054\u2E17\u2E28\u2E29\u2E02\u2E03\uA4FE\uFB29\uA838\uA700\uA828\uFFFE";

    private const int NoScript = -1;

    private readonly ConcurrentDictionary<(UnicodeCategory Category, int Script), char> known = [];

    public char Of(int codePoint)
    {
        var category = CharUnicodeInfo.GetUnicodeCategory(codePoint);
        if (scripts.Count == 0)
            return Representatives[(int)category];
        return known.GetOrAdd((category, Named(codePoint)), kind => Search(kind.Category, kind.Script));
    }

    private int Named(int codePoint) => ScriptTable.Instance.Of(codePoint) is var script && scripts.Contains(script) ? script : NoScript;

    // A script may have no character of the category below U+10000; its few above it then count as of no script.
    private char Search(UnicodeCategory category, int script)
    {
        var usual = Representatives[(int)category];
        if (Named(usual) == script)
            return usual;
        for (var unit = '\uFFFF'; unit > 0; unit--)
        {
            if (!char.IsSurrogate(unit) && CharUnicodeInfo.GetUnicodeCategory(unit) == category && Named(unit) == script)
                return unit;
        }

        return usual;
    }
}
