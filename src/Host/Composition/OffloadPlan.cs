using Neoteny.Autograd;
using Neoteny.Parameters;

namespace Neoteny.Host.Composition;

/// <summary>What the offload plugins of a run want.</summary>
/// <param name="Saved">Where saved tensors live; null keeps them where they are.</param>
/// <param name="Segments">Who hears the segments.</param>
/// <param name="Homes">Where parameters shall live.</param>
internal sealed record OffloadPlan(ISavedTensors? Saved, IReadOnlyList<ISegmentObserver> Segments, IReadOnlyList<(Parameter Parameter, IWeightHome Home)> Homes)
{
    /// <summary>Moves the parameters.</summary>
    public void Apply()
    {
        foreach (var (parameter, home) in Homes)
        {
            parameter.MoveTo(home);
        }
    }
}
