using Neoteny.Fixture;

namespace Neoteny.Plugins.Throwing;

[Provides("throwing")]
public sealed class ThrowingGreeting : IGreeting
{
    public ThrowingGreeting() => throw new InvalidOperationException("no voice");

    public string Greet() => "";
}
