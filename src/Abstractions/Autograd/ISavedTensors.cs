using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>Where saved activations live between forward and backward.</summary>
/// <remarks>
/// The tape calls <see cref="Park"/> once forward is done with a tensor that backward will read (its segment has ended, or its last user has
/// taken it), but not for what backward reads at once: tensors of a replay, and those still in use when backward begins. It disposes its own
/// handle when a handle comes back, and calls <see cref="Fetch"/> before the first read in backward, in exactly the reverse order; <see cref="Prefetch"/> comes one
/// segment ahead. Each handle ends with either <see cref="Fetch"/> or <see cref="Release"/>. All calls come from the compute thread.
/// </remarks>
public interface ISavedTensors
{
    /// <summary>Takes a tensor over; null to leave it where it is.</summary>
    object? Park(SavedTensor saved);

    /// <summary>Hints that the tensor will be fetched soon.</summary>
    void Prefetch(object handle)
    {
    }

    /// <summary>Brings the tensor back, equal bit for bit; the caller owns it.</summary>
    Tensor Fetch(object handle);

    /// <summary>Drops a tensor that will not be fetched.</summary>
    void Release(object handle);
}

/// <summary>A tensor about to be parked.</summary>
public sealed class SavedTensor
{
    /// <summary>The tensor; borrowed for the call.</summary>
    public required Tensor Tensor { get; init; }
}
