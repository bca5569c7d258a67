using Neoteny.Configuration;

namespace Neoteny.Plugins.Grasping;

[Options]
public sealed record GraspingOptions
{
    [Key("plugins")]
    public string? Plugins { get; init; }
}
