using Neoteny.Attention;

namespace Neoteny.Plugins.Flex;

/// <summary>What of a layer its program depends on.</summary>
internal readonly record struct LayerKey(bool Causal, int Window, double Softcap, int Heads, string? Program)
{
    public static LayerKey Of(AttentionSpec spec) => new(
        spec.HidesLater,
        spec.Demands.HasFlag(AttentionFeatures.Window) ? spec.Window : 0,
        spec.Demands.HasFlag(AttentionFeatures.Softcap) ? spec.Softcap : 0,
        spec.QueryHeads,
        spec.Demands.HasFlag(AttentionFeatures.Program) ? spec.Program : null);
}
