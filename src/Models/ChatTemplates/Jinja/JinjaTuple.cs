namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>A tuple; differs from a list in how it is written only.</summary>
internal sealed class JinjaTuple(IEnumerable<object?> items) : List<object?>(items);
