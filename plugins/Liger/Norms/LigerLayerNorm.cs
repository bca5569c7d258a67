using Neoteny.Modules;

namespace Neoteny.Plugins.Liger;

/// <summary>Takes every LayerNorm.</summary>
[Provides(ExtensionName, Summary = "LayerNorm fused with the residual's addition.")]
public sealed class LigerLayerNorm : IModuleOverride
{
    internal const string ExtensionName = "liger_layer_norm";

    /// <inheritdoc/>
    public ModuleFeatures Supports => ModuleFeatures.None;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Where(s => s.Original is INorm { Centered: true }).Select(s => s.Path);

    /// <inheritdoc/>
    public IBlock Replace(ModuleSite site) => new FusedNormBlock(ExtensionName, (INorm)site.Original);
}
