using Neoteny.Configuration;

namespace Neoteny.Plugins.Overlapping;

[Options]
public sealed record OverlappingOptions
{
    [Key("greeter_name")]
    public string Name { get; init; } = "";

    [Key("overlapping_depth", Required = true, Summary = "How deep.")]
    public int Depth { get; init; }
}
