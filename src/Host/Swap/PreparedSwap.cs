using Neoteny.Attention;
using Neoteny.Host.Plugins;
using Neoteny.Losses;

namespace Neoteny.Host.Swap;

/// <summary>A swap of which everything slow is done: loaded beside, bound, checked. Only the exchange is left.</summary>
internal sealed class PreparedSwap : IDisposable
{
    /// <summary>What it is about.</summary>
    public required SwapCandidate Candidate { get; init; }

    /// <summary>The plugin loaded beside; null where a loaded one serves.</summary>
    public LoadedPlugin? Next { get; init; }

    /// <summary>The kernel to put in place; null to leave it.</summary>
    public IAttention? Attention { get; init; }

    /// <summary>The loss to put in place; null to leave it.</summary>
    public ILoss? Loss { get; init; }

    /// <summary>Unloads what was loaded beside; for a swap that does not happen.</summary>
    public void Dispose() => Next?.Dispose();
}
