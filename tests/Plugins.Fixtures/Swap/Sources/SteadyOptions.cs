using Neoteny.Configuration;

namespace Neoteny.Plugins.Steady;

[Options]
public sealed record SteadyOptions
{
#if STRICT
    [Key("steady_level", Minimum = 1, Maximum = 3)]
#else
    [Key("steady_level", Minimum = 1, Maximum = 9)]
#endif
    public int Level { get; init; } = 1;
}
