using Neoteny.Fixture;

namespace Neoteny.Plugins.GreeterNext;

[Provides("hello")]
public sealed class BetterGreeting : IGreeting
{
    public string Greet() => "good day";
}
