using Neoteny.Configuration;

namespace Neoteny.Plugins.Keyed;

/// <summary>Keys that switch losses on, and a module that computes something else than the model.</summary>
[Options]
public sealed record KeyedOptions
{
    [Key("keyed", Activates = ["keyed_loss"], Default = "true", Summary = "Compute the loss with keyed_loss.")]
    public bool Loss { get; init; } = true;

    [Key("keyed_second", Aliases = ["keyed_2"], Activates = ["keyed_second_loss"])]
    public bool? Second { get; init; }

    [Key("keyed_wrong", Activates = ["keyed_wrong"])]
    public bool Wrong { get; init; }
}
