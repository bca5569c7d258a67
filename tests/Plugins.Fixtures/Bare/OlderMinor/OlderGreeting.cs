using Neoteny.Fixture;

namespace Neoteny.Plugins.OlderMinor;

/// <summary>A plugin of an earlier minor version of the contracts.</summary>
[Provides("older")]
public sealed class OlderGreeting : IGreeting
{
    /// <inheritdoc/>
    public string Greet() => "hello from before";
}
