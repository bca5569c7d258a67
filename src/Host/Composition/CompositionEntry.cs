namespace Neoteny.Host.Composition;

/// <summary>One line of the effective composition.</summary>
/// <param name="Stage">What was done: attention, loss, quantize, adapt, override, wrap, offload.</param>
/// <param name="Source">Who did it.</param>
/// <param name="Paths">The sites it was done to; empty for the whole model.</param>
internal sealed record CompositionEntry(string Stage, ExtensionSource Source, IReadOnlyList<string> Paths)
{
    public override string ToString() => Paths.Count == 0 ? $"{Stage}: {Source}" : $"{Stage}: {Source} at {Summarize(Paths)}";

    /// <summary>Paths with layer numbers folded together: <c>model.layers.*.mlp (16)</c>.</summary>
    private static string Summarize(IReadOnlyList<string> paths)
        => string.Join(", ", paths
            .GroupBy(p => string.Join('.', p.Split('.').Select(part => part.All(char.IsAsciiDigit) ? "*" : part)))
            .Select(g => g.Count() == 1 ? g.First() : $"{g.Key} ({g.Count()})"));
}
