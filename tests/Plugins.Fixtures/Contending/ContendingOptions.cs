using Neoteny.Configuration;

namespace Neoteny.Plugins.Contending;

public enum Contention
{
    Nothing,
    Quantize,
    Store,
    Move,
}

[Options]
public sealed record ContendingOptions
{
    [Key("contending", Summary = "What the plugin's extensions want twice.")]
    public Contention What { get; init; }
}
