using Neoteny.Autograd;

namespace Neoteny.Host.Composition;

/// <summary>What the offload plugins of a run want of its tapes.</summary>
/// <param name="Saved">Where saved tensors live; null keeps them where they are.</param>
/// <param name="Segments">Who hears the segments.</param>
internal sealed record OffloadPlan(ISavedTensors? Saved, IReadOnlyList<ISegmentObserver> Segments);
