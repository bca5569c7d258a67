using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Plugins.Liger;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Puts the fused modules of a plugin in place of the plain ones.</summary>
internal static class FusedModules
{
    /// <summary>Replaces all norms, rotary embeddings and gated MLPs; gives how many of each.</summary>
    public static (int Norms, int Rotaries, int Mlps) Install(DecoderModel model)
        => (Install(model, new LigerRmsNorm()) + Install(model, new LigerLayerNorm()), Install(model, new LigerRope()), Install(model, new LigerGluActivation()));

    private static int Install(DecoderModel model, IModuleOverride module)
    {
        var claimed = module.Claim(model).ToList();
        foreach (var path in claimed)
        {
            var site = model.At(path);
            site.Replace(module.Replace(site));
        }

        return claimed.Count;
    }
}
