using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Offload;

/// <summary>The offload point: where saved activations and frozen weights live, moved back ahead of need.</summary>
/// <remarks>Called on the compute thread. Segments come from the tape in an exactly known order, so prefetching is exact. Cannot be swapped mid-run.</remarks>
public interface IOffload
{
    /// <summary>Where saved activations live; null leaves them on the device.</summary>
    ISavedTensors? Saved => null;

    /// <summary>Where a parameter's pieces live; null leaves them on the device.</summary>
    IWeightHome? Home(ModuleSite site, Parameter parameter) => null;

    /// <summary>Hears the segments, to move weights ahead of them.</summary>
    ISegmentObserver? Segments => null;
}
