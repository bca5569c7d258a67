using Neoteny.Modules;

namespace Neoteny.Plugins.FirstClaim;

/// <summary>Claims every norm, and leaves it as it is.</summary>
[Provides("first_norm")]
public sealed class FirstNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Select(s => s.Path);

    public IBlock Replace(ModuleSite site) => site.Original;
}
