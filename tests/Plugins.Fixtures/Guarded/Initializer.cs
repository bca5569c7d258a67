using System.Runtime.CompilerServices;
using Neoteny.Modules;

namespace Neoteny.Plugins.Guarded;

internal static class Initializer
{
    [ModuleInitializer]
    internal static void Run() => throw new InvalidOperationException("code of the plugin ran");
}

/// <summary>Cannot be touched without throwing.</summary>
[Provides("guarded")]
public sealed class GuardedNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => [];

    public IBlock Replace(ModuleSite site) => site.Original;
}
