namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>What a missing name or member gives: empty when written or looped over, an error when used for more.</summary>
internal sealed record Undefined(string Reason);
