using Neoteny.Configuration;

namespace Neoteny.Plugins.KeyedToo;

/// <summary>A key that switches a loss on.</summary>
[Options]
public sealed record KeyedTooOptions
{
    /// <summary>Whether this loss is the run's.</summary>
    [Key("keyed_too", Activates = ["keyed_too_loss"], Default = "true", Summary = "Compute the loss with keyed_too_loss.")]
    public bool Loss { get; init; } = true;
}
