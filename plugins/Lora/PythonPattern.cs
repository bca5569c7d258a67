using System.Text.RegularExpressions;

namespace Neoteny.Plugins.Lora;

/// <summary>Regular expressions as PEFT's configurations hold them, which are Python's.</summary>
internal static class PythonPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>An expression that must match the whole of a text.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="key">Where it stands, for messages.</param>
    /// <exception cref="InputException">It is no regular expression.</exception>
    public static Regex Whole(string pattern, string key) => Make($"^(?:{pattern})$", pattern, key);

    /// <summary>A key of <c>rank_pattern</c> or <c>alpha_pattern</c>: it matches the end of a path after a dot, or with <c>^</c> in front the whole path.</summary>
    /// <exception cref="InputException">It is no regular expression.</exception>
    public static Regex PathEnd(string pattern, string key)
        => Make(pattern.StartsWith('^') ? $"^(?:{pattern[1..]})$" : $"^(?:.*\\.)?(?:{pattern})$", pattern, key);

    /// <summary>An expression as it is.</summary>
    /// <exception cref="InputException">It is no regular expression.</exception>
    public static Regex Of(string pattern, string key) => Make(pattern, pattern, key);

    private static Regex Make(string expression, string written, string key)
    {
        // Python's spelling of named groups.
        var translated = expression.Replace("(?P<", "(?<", StringComparison.Ordinal);
        try
        {
            return new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            // Looking around and referring back need the other engine, which gets a limit.
            return new Regex(translated, RegexOptions.CultureInvariant, Patience);
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{key}: '{written}' is not a valid regular expression: {e.Message}", e);
        }
    }
}
