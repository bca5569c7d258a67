using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>Where an operator's random numbers come from: a key that depends on the run's seed, the step, the micro-batch and the call, the same in forward, backward and replays.</summary>
/// <remarks>Work that is captured (<c>cuda_graphs</c>) runs again in later steps with the numbers that the host gave it then. It must read the seed on the device, and compute the key there.</remarks>
public readonly struct RandomSource
{
    /// <summary>A key as it is.</summary>
    public RandomSource(ulong key) => Key = key;

    internal RandomSource(ulong seed, Tensor? place, ulong call) => (Key, Seed, Call) = (KeyOf(seed, call), place, call);

    /// <summary>The key of this call; with a <see cref="Seed"/> that of the step in which the work was captured.</summary>
    public ulong Key { get; }

    /// <summary>Where captured work reads the seed: int64, one number, on the activations' device; borrowed. Null where <see cref="Key"/> is the key.</summary>
    public Tensor? Seed { get; }

    /// <summary>What the key is computed from beside the seed: <see cref="KeyOf"/>.</summary>
    public ulong Call { get; }

    /// <summary>The key of a call: splitmix64, cheap and good enough for a counter-based generator.</summary>
    public static ulong KeyOf(ulong seed, ulong call)
    {
        var z = seed + (0x9E3779B97F4A7C15UL * call);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
