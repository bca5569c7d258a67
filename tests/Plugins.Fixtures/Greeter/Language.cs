using Neoteny.Configuration;

namespace Neoteny.Plugins.Greeter;

public sealed record Language
{
    [Key("code", Required = true)]
    public string Code { get; init; } = "";

    [Key("weight", Minimum = 0)]
    public double Weight { get; init; } = 1;
}
