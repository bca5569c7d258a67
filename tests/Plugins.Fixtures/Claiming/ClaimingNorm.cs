using Neoteny.Modules;

namespace Neoteny.Plugins.Claiming;

/// <summary>Claims the last norm, and leaves it as it is.</summary>
[Provides("claiming_norm")]
public sealed class ClaimingNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => ["model.norm"];

    public IBlock Replace(ModuleSite site) => site.Original;
}
