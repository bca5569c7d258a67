namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>What <c>namespace()</c> makes: the one value whose members a template can set.</summary>
internal sealed class JinjaNamespace
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}
