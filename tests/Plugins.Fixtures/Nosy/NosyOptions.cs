using Neoteny.Configuration;

namespace Neoteny.Plugins.Nosy;

[Options]
public sealed record NosyOptions
{
    [Reads("nobody_owns_this")]
    public string? Other { get; init; }
}
