using System.Text.RegularExpressions;
using Neoteny.Modules;

namespace Neoteny.Plugins.Lora;

/// <summary>Which linear modules to adapt, with PEFT's matching: a name matches the whole path or its end after a dot; a single text is tried as a regular expression over the whole path.</summary>
internal sealed class ModuleTargets
{
    private readonly IReadOnlyList<string> names;
    private readonly Regex? expression;

    private ModuleTargets(IReadOnlyList<string> names, Regex? expression, bool isAll) => (this.names, this.expression, IsAll) = (names, expression, isAll);

    /// <summary>Every linear module but the head.</summary>
    public static ModuleTargets AllLinear { get; } = new([], null, isAll: true);

    private bool IsAll { get; }

    /// <exception cref="InputException">The single text is neither a name nor a valid regular expression.</exception>
    public static ModuleTargets Of(IReadOnlyList<string> names)
    {
        if (names.Count != 1 || names[0].All(c => char.IsLetterOrDigit(c) || c is '_' or '.'))
        {
            return new(names, null, isAll: false);
        }

        try
        {
            return new(names, new Regex($"^(?:{names[0]})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking), isAll: false);
        }
        catch (ArgumentException e)
        {
            throw new InputException($"lora_target_modules: '{names[0]}' is not a valid regular expression: {e.Message}", e);
        }
    }

    /// <summary>The paths of the matching linear sites.</summary>
    /// <exception cref="InputException">A name matches nothing.</exception>
    public IReadOnlyList<string> Match(IModuleTree model)
    {
        var linear = model.Of<ILinear>().Select(s => s.Path).ToList();
        if (!IsAll && expression is null && names.FirstOrDefault(n => !linear.Any(p => Matches(n, p))) is { } missing)
        {
            var ends = linear.Select(p => p[(p.LastIndexOf('.') + 1)..]).Distinct();
            throw new InputException($"lora_target_modules: '{missing}' matches no linear module of this model. It has: {string.Join(", ", ends)}.");
        }

        var matched = linear.Where(p => IsAll || (expression?.IsMatch(p) ?? names.Any(n => Matches(n, p)))).ToList();
        return matched.Count > 0 ? matched : throw new InputException($"lora_target_modules: '{string.Join(", ", names)}' matches no linear module of this model.");
    }

    /// <summary>Whether a name means a path: the whole of it, or its end after a dot.</summary>
    public static bool Matches(string name, string path) => path == name || path.EndsWith('.' + name, StringComparison.Ordinal);
}
