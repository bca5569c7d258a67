using System.Text.RegularExpressions;
using Neoteny.Modules;

namespace Neoteny.Plugins.Lora;

/// <summary>Which linear modules to adapt, with PEFT's matching: a name matches the whole path or its end after a dot, an expression the whole path.</summary>
internal sealed class ModuleTargets
{
    private const string AllText = "all-linear";

    private readonly IReadOnlyList<string> names;
    private readonly Regex? expression;

    private ModuleTargets(IReadOnlyList<string> names, Regex? expression, bool isAll) => (this.names, this.expression, IsAll) = (names, expression, isAll);

    /// <summary>Every linear module but the head.</summary>
    public static ModuleTargets AllLinear { get; } = new([], null, isAll: true);

    /// <summary>The layers that names may match in. An expression, and a name that is a whole path, choose their layers themselves.</summary>
    public LayerChoice Layers { get; init; } = LayerChoice.All;

    /// <summary>What is left out of the matches; null for nothing.</summary>
    public ModuleTargets? Excluded { get; init; }

    /// <summary>Whether every name must match something, as in a file that a person wrote for one model.</summary>
    public bool IsStrict { get; init; } = true;

    /// <summary>Whether nothing was named.</summary>
    public bool IsEmpty => !IsAll && names.Count == 0;

    private bool IsAll { get; }

    /// <summary>From a configuration file: names, <c>all-linear</c>, or a single text that may be an expression.</summary>
    /// <exception cref="InputException">The single text is neither a name nor a valid regular expression.</exception>
    public static ModuleTargets Of(IReadOnlyList<string> names, LayerChoice? layers = null) => names switch
    {
        [AllText] => new([], null, isAll: true) { Layers = layers ?? LayerChoice.All },
        [var text] when !text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.') => OfExpression(text),
        _ => new(names, null, isAll: false) { Layers = layers ?? LayerChoice.All },
    };

    /// <summary>From a list of names that PEFT wrote; some may match nothing.</summary>
    public static ModuleTargets OfNames(IReadOnlyList<string> names, LayerChoice layers, ModuleTargets? excluded)
        => new(names, null, isAll: false) { Layers = layers, Excluded = excluded, IsStrict = false };

    /// <summary>From one text that PEFT wrote: <c>all-linear</c>, or an expression over whole paths.</summary>
    /// <exception cref="InputException">It is no regular expression.</exception>
    public static ModuleTargets OfText(string text, LayerChoice layers, ModuleTargets? excluded)
        => text == AllText ? new([], null, isAll: true) { Layers = layers, Excluded = excluded } : new([text], Expression(text), isAll: false) { Excluded = excluded };

    /// <summary>The paths of the matching linear sites; where they are named, of the embedding and the head too.</summary>
    /// <exception cref="InputException">A name matches nothing.</exception>
    public IReadOnlyList<string> Match(IModuleTree model)
    {
        var linear = model.Of<ILinear>().Select(s => s.Path).ToList();
        var all = model.Sites.Where(s => s.Original is ILinear or IEmbedding or IHead).Select(s => s.Path).ToList();
        if (IsStrict && !IsAll && expression is null && names.FirstOrDefault(n => !all.Any(p => Matches(n, p))) is { } missing)
        {
            var ends = linear.Select(p => p[(p.LastIndexOf('.') + 1)..]).Distinct();
            throw new InputException($"lora_target_modules: '{missing}' matches no linear module of this model. It has: {string.Join(", ", ends)}.");
        }

        var candidates = IsAll ? linear : all;
        var matched = candidates.Where(p => Chooses(p) && Excluded?.Chooses(p) != true).ToList();
        return matched.Count > 0 ? matched : throw Nothing(candidates.Any(Chooses));
    }

    /// <summary>Whether a name means a path: the whole of it, or its end after a dot.</summary>
    public static bool Matches(string name, string path) => path == name || path.EndsWith('.' + name, StringComparison.Ordinal);

    private static ModuleTargets OfExpression(string text) => new([text], Expression(text), isAll: false);

    private static Regex Expression(string text) => PythonPattern.Whole(text, "lora_target_modules");

    private bool Chooses(string path)
        => expression?.IsMatch(path) ?? (names.Contains(path) || ((IsAll || names.Any(n => Matches(n, path))) && Layers.Holds(path)));

    private InputException Nothing(bool leftOut)
    {
        var what = IsAll ? AllText : string.Join(", ", names);
        return new InputException(leftOut ? $"lora_target_modules: all modules that '{what}' matches are excluded by exclude_modules."
            : Layers.Layers.Count > 0 ? $"lora_target_modules: '{what}' matches no linear module in the layers {string.Join(", ", Layers.Layers)} (peft_layers_to_transform) of this model."
            : $"lora_target_modules: '{what}' matches no linear module of this model.");
    }
}
