using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>How a tape runs.</summary>
public sealed class TapeOptions
{
    /// <summary>Whether backward will follow. Without it nothing is saved and values are freed as soon as forward is done with them.</summary>
    public bool Recording { get; init; } = true;

    /// <summary>Where saved tensors live; null keeps them where they are.</summary>
    public ISavedTensors? Store { get; init; }

    /// <summary>Listeners, called in order before a pass and in reverse order after it.</summary>
    public IReadOnlyList<ISegmentObserver> Observers { get; init; } = [];

    /// <summary>Operators (by name) whose results a checkpointed segment keeps instead of computing them again.</summary>
    public IReadOnlySet<string> Keep { get; init; } = new HashSet<string>();

    /// <summary>Seed of this tape's random keys: a function of the run's seed, the step and the micro-batch.</summary>
    public ulong Seed { get; init; }

    /// <summary>Where captured work reads the seed; null for work that is not captured. Borrowed.</summary>
    internal Tensor? SeedPlace { get; init; }

    /// <summary>Called once for each trained parameter when its last use has run backward.</summary>
    public Action<Parameter>? GradientCompleted { get; init; }

    /// <summary>Hears each operator, in forward and in backward; null for nobody. For measuring.</summary>
    public IOperatorObserver? Profiler { get; init; }

    /// <summary>Runs regions in a cheaper way; null for operator by operator.</summary>
    public IRegionRunner? Regions { get; init; }

    /// <summary>Reads a tensor's version counter; when set, backward refuses saved tensors that were changed in place.</summary>
    public Func<Tensor, long>? VersionOf { get; init; }
}
