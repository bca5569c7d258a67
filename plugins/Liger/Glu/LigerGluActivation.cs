using Neoteny.Modules;

namespace Neoteny.Plugins.Liger;

/// <summary>Takes every gated MLP, whether its checkpoint holds gate and up apart or as one. The projections stay whatever their sites hold.</summary>
[Provides(ExtensionName, Summary = "Gated MLPs whose gradients take the place of their inputs.")]
public sealed class LigerGluActivation : IModuleOverride
{
    internal const string ExtensionName = "liger_glu_activation";

    /// <inheritdoc/>
    public ModuleFeatures Supports => ModuleFeatures.Deltas | ModuleFeatures.DeltaDropout | ModuleFeatures.DeltaMagnitude | ModuleFeatures.DeltaBias | ModuleFeatures.Biases
        | ModuleFeatures.StoredFormats;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(IModuleTree model) => model.Sites.Where(s => s.Original is IGatedMlp or IFusedGatedMlp).Select(s => s.Path);

    /// <inheritdoc/>
    public IBlock Replace(ModuleSite site) => site.Original is IFusedGatedMlp fused ? new FusedGluBlock(fused) : new GluBlock((IGatedMlp)site.Original);
}
