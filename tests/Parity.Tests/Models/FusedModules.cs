using Neoteny.Models.Decoder;
using Neoteny.Plugins.Liger;
using Neoteny.Tests;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Puts the fused modules of a plugin in place of the plain ones.</summary>
internal static class FusedModules
{
    /// <summary>Replaces all norms, rotary embeddings and gated MLPs; gives how many of each.</summary>
    public static (int Norms, int Rotaries, int Mlps) Install(DecoderModel model)
        => (Overrides.Install(model, new LigerRmsNorm(), new LigerLayerNorm()), Overrides.Install(model, new LigerRope()), Overrides.Install(model, new LigerGluActivation()));
}
