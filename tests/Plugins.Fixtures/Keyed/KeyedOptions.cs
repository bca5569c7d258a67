using Neoteny.Configuration;

namespace Neoteny.Plugins.Keyed;

/// <summary>Keys that switch losses and modules on.</summary>
[Options]
public sealed record KeyedOptions
{
    [Key("keyed", Activates = ["keyed_loss"], Default = "true", Summary = "Compute the loss with keyed_loss.")]
    public bool Loss { get; init; } = true;

    [Key("keyed_second", Aliases = ["keyed_2"], Activates = ["keyed_second_loss"])]
    public bool? Second { get; init; }

    [Key("keyed_norms", Activates = ["keyed_norm", "keyed_sleeve"])]
    public bool Norms { get; init; }

    [Key("keyed_sleeve_alone", Activates = ["keyed_sleeve"])]
    public bool Sleeve { get; init; }

    [Key("keyed_wrong", Activates = ["keyed_wrong"])]
    public bool Wrong { get; init; }
}
