using Neoteny.Plugins;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Attention;

/// <summary>The attention point: packed attention, forward and backward.</summary>
/// <remarks>
/// Stateless; one instance serves every layer. The host checks shapes and demands, opens the dispose scope and <c>no_grad</c>, and records
/// the call; both methods run on the compute thread. What they return is theirs to give away, everything else is borrowed. They may throw;
/// the step then ends with the error. May be swapped between two optimizer steps, never within one.
/// </remarks>
public interface IAttention : IExtension<AttentionFeatures>
{
    /// <summary>Whether it can run this layer on this device.</summary>
    /// <returns>Null when it can; otherwise the reason, as half a sentence ("head size 320 is above 256").</returns>
    string? Refuses(AttentionSpec spec, ScalarType dtype, Device device) => null;

    /// <summary>The room that its work on the device leaves for other documents than a layout's, so that the work may be captured and run again (<c>cuda_graphs</c>).</summary>
    /// <remarks>
    /// Given a capacity, it must take that layout filled up with empty documents, launch the same kernels on the same memory for all layouts of equal capacity and size, read lengths and
    /// offsets from tensors that are computed on the device from the layout's offsets, and not wait for the device.
    /// </remarks>
    /// <param name="spec">The layer.</param>
    /// <param name="layout">The documents of a row that attend to themselves.</param>
    /// <returns>Null where each layout takes work of its own.</returns>
    LayoutCapacity? CapacityFor(AttentionSpec spec, SequenceLayout layout) => null;

    /// <summary>Attends.</summary>
    AttentionOutput Forward(AttentionInput input);

    /// <summary>Differentiates one forward call.</summary>
    AttentionGradients Backward(AttentionBackward backward);
}
