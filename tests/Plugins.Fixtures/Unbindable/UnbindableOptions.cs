using Neoteny.Configuration;

namespace Neoteny.Plugins.Unbindable;

[Options]
public sealed record UnbindableOptions
{
    [Key("unbindable_when")]
    public DateTime When { get; init; }
}
