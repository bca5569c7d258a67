using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>A pattern out of tokenizer.json, over code points.</summary>
internal sealed class SplitPattern
{
    private const int LongestPattern = 16384;
    private const int MostCompiled = 64;
    private static readonly ConcurrentDictionary<string, Regex> Shared = new(StringComparer.Ordinal);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly string pattern;
    private readonly Lazy<Regex> regex;

    private readonly ShadowUnits shadowUnits;

    private SplitPattern(string pattern, string translated, IReadOnlyCollection<int> scripts)
    {
        this.pattern = pattern;
        shadowUnits = new ShadowUnits(scripts);
        regex = new Lazy<Regex>(() => Compiled(translated));
    }

    // '^' and '$' always stand for line ends in Oniguruma.
    private static RegexOptions Options => RegexOptions.CultureInvariant | RegexOptions.Multiline;

    /// <summary>Reads <c>{"Regex": ...}</c> or <c>{"String": ...}</c>.</summary>
    public static SplitPattern Read(JsonValue value)
    {
        if (value.Text("String") is { } literal)
            return Literal(literal);
        var source = value.Get("Regex");
        try
        {
            return Parse(source.Text());
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException)
        {
            throw source.Fail($"this pattern cannot be used: {error.Message}");
        }
    }

    public static SplitPattern Literal(string text) => new(text, Regex.Escape(text), []);

    public static SplitPattern Parse(string pattern)
    {
        if (pattern.Length > LongestPattern)
            throw new FormatException($"it has {pattern.Length} characters, more than {LongestPattern}");
        var translation = PatternTranslator.Translate(pattern);
        var translated = translation.Output.ToString();
        _ = new Regex(translated, Options);
        return new SplitPattern(pattern, translated, translation.Scripts);
    }

    /// <summary>Calls <paramref name="visit"/> with every match in order; state is passed through so that nothing is captured.</summary>
    public void Matches<TState>(ReadOnlySpan<char> text, TState state, Action<TState, int, int> visit)
    {
        try
        {
            if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
            {
                foreach (var match in regex.Value.EnumerateMatches(text))
                    visit(state, match.Index, match.Index + match.Length);
                return;
            }

            var shadow = new CodePointShadow(text, shadowUnits);
            foreach (var match in regex.Value.EnumerateMatches(shadow.Text))
                visit(state, shadow.Place(match.Index), shadow.Place(match.Index + match.Length));
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InputException(
                $"The pattern '{pattern}' of tokenizer.json took more than {Patience.TotalSeconds} seconds on a text of {text.Length} " +
                "characters. Simplify the pattern, or split the text.", error);
        }
    }

    /// <summary>Writes <paramref name="content"/>, taken literally, for every match.</summary>
    public string Replace(string text, string content)
    {
        var output = new StringBuilder(text.Length);
        var state = new Replacement(text, content, output);
        Matches(text, state, static (to, start, end) => to.Match(start, end));
        return output.Append(text, state.Done, text.Length - state.Done).ToString();
    }

    // Compiling takes longer than reading a small tokenizer, and most tokenizers share a few patterns.
    private static Regex Compiled(string translated)
    {
        if (Shared.TryGetValue(translated, out var known))
            return known;
        var made = new Regex(translated, Options | RegexOptions.Compiled, Patience);
        return Shared.Count < MostCompiled ? Shared.GetOrAdd(translated, made) : made;
    }

    private sealed class Replacement(string text, string content, StringBuilder output)
    {
        public int Done { get; private set; }

        public void Match(int start, int end)
        {
            output.Append(text, Done, start - Done).Append(content);
            Done = end;
        }
    }
}
