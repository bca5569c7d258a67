using Neoteny.Modules;

namespace Neoteny.Plugins.Tests.Samples;

/// <summary>An override made of functions.</summary>
internal sealed class SampleOverride : IModuleOverride
{
    public ModuleFeatures Supports { get; init; }

    public Func<ModuleSite, bool> Claims { get; init; } = static _ => true;

    public required Func<ModuleSite, IBlock> Make { get; init; }

    public OverrideKind Kind { get; init; }

    public Type? Covered { get; init; }

    public string? AlsoClaims { get; init; }

    public IEnumerable<string> Claim(IModuleTree model) => model.Sites.Where(Claims).Select(s => s.Path).Concat(AlsoClaims is null ? [] : [AlsoClaims]);

    public IBlock Replace(ModuleSite site) => Make(site);

    public bool Covers(Type role) => role == Covered;
}
