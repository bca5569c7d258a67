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

    /// <summary>Attends.</summary>
    AttentionOutput Forward(AttentionInput input);

    /// <summary>Differentiates one forward call.</summary>
    AttentionGradients Backward(AttentionBackward backward);
}
