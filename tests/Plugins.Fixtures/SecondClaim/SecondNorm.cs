using Neoteny.Modules;

namespace Neoteny.Plugins.SecondClaim;

/// <summary>Claims every norm, and leaves it as it is.</summary>
[Provides("second_norm")]
public sealed class SecondNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Select(s => s.Path);

    public IBlock Replace(ModuleSite site) => site.Original;
}
