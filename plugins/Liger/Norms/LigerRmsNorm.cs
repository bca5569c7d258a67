using Neoteny.Modules;

namespace Neoteny.Plugins.Liger;

/// <summary>Takes every RMSNorm, those of heads and those with an offset too.</summary>
[Provides(ExtensionName, Summary = "RMSNorm fused with the residual's addition.")]
public sealed class LigerRmsNorm : IModuleOverride
{
    internal const string ExtensionName = "liger_rms_norm";

    /// <inheritdoc/>
    public ModuleFeatures Supports => ModuleFeatures.None;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Where(s => s.Original is INorm { Centered: false, Bias: null }).Select(s => s.Path);

    /// <inheritdoc/>
    public IBlock Replace(ModuleSite site) => new FusedNormBlock(ExtensionName, (INorm)site.Original);
}
