using Neoteny.Modules;

namespace Neoteny.Host.Composition;

/// <summary>What one override wants with one site.</summary>
/// <param name="Source">Plugin, version and name of the override.</param>
/// <param name="Override">The override.</param>
/// <param name="Site">The site.</param>
internal sealed record Claim(ExtensionSource Source, IModuleOverride Override, ModuleSite Site)
{
    public bool Replaces => Override.Kind == OverrideKind.Replace;
}

/// <summary>Where an extension comes from.</summary>
internal sealed record ExtensionSource(string Plugin, string Version, string Name)
{
    public override string ToString() => $"{Name} ({Plugin} {Version})";
}
