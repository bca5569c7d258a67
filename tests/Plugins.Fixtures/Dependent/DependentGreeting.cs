using Neoteny.Fixture;

namespace Neoteny.Plugins.Dependent;

[Provides("dependent")]
public sealed class DependentGreeting : IGreeting
{
    public string Greet() => Words.Dictionary.Version;
}
