using Neoteny.Fixture;

namespace Neoteny.Plugins.Indirect;

/// <summary>Ships its dependency without what that one needs.</summary>
[Provides("indirect")]
public sealed class IndirectGreeting : IGreeting
{
    public string Greet() => Indirection.Detour.Version;
}
