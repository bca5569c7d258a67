namespace Neoteny.Host.Composition;

/// <summary>One line of the effective composition.</summary>
/// <param name="Stage">What was done: attention, loss, quantize, adapt, override, wrap, offload.</param>
/// <param name="Source">Who did it.</param>
/// <param name="Paths">The sites it was done to; empty for the whole model.</param>
/// <param name="Detail">What else there is to say: a format, a rank, the reason of a choice; null for nothing.</param>
internal sealed record CompositionEntry(string Stage, ExtensionSource Source, IReadOnlyList<string> Paths, string? Detail = null)
{
    public override string ToString() =>
        $"{Stage}: {Source}" + (Paths.Count == 0 ? "" : $" at {PathSummary.Of(Paths)}") + (Detail is null ? "" : $": {Detail}");
}
