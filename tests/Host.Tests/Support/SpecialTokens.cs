using Neoteny.Configuration;

namespace Neoteny.Host.Tests;

internal sealed record SpecialTokens
{
    [Key("pad_token")]
    public string? Pad { get; init; }
}
