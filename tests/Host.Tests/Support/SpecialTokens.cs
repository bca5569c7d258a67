using Neoteny.Configuration;

namespace Neoteny.Host.Tests;

internal sealed record SpecialTokens
{
    [Key("name", Shorthand = true)]
    public string Name { get; init; } = "plain";

    [Key("pad_token")]
    public string? Pad { get; init; }
}
