using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Models.Adapters;

/// <summary>The weight that a delta adds to.</summary>
internal static class DeltaWeight
{
    /// <summary>The weight of a site.</summary>
    /// <exception cref="NeotenyException">The site has no such weight.</exception>
    public static Parameter Of(ModuleSite site, DeltaTarget target) => (target, site.Original) switch
    {
        (DeltaTarget.Weight, ILinear linear) => linear.Weight,
        (DeltaTarget.Weight, IHead head) => head.Weight,
        (DeltaTarget.Weight, IEmbedding embedding) => embedding.Weight,
        (DeltaTarget.Weight, IRouter router) => router.Weight,
        (DeltaTarget.GateUp, IExperts experts) => experts.GateUp,
        (DeltaTarget.Down, IExperts experts) => experts.Down,
        _ => throw new NeotenyException($"{site.Path}: it has no weight for a delta on {target}."),
    };
}
