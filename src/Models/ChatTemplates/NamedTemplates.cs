namespace Neoteny.Models.ChatTemplates;

/// <summary>The templates under Named/, carried in the assembly.</summary>
internal static class NamedTemplates
{
    private const string Prefix = "Neoteny.Models.ChatTemplates.Named.";
    private const string Suffix = ".jinja";

    // Other names for the same format.
    private static readonly Dictionary<string, string> Aliases = new() { ["mistral_v2v3"] = "mistral" };

    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(NamedTemplates).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..^Suffix.Length])
            .Concat(Aliases.Keys)
            .Order(StringComparer.Ordinal),
    ];

    public static string Read(string name)
    {
        using var stream = typeof(NamedTemplates).Assembly.GetManifestResourceStream(Prefix + Aliases.GetValueOrDefault(name, name) + Suffix)
            ?? throw new InputException($"There is no chat template '{name}'. There are {string.Join(", ", Names)}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
