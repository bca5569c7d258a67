using Neoteny.Fixture;

namespace Neoteny.Plugins.Rival;

[Provides("hello")]
[Provides("rival")]
public sealed class RivalGreeting : IGreeting
{
    public string Greet() => $"hello from the rival ({Words.Dictionary.Version})";
}
