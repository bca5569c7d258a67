using Neoteny.Fixture;

namespace Neoteny.Plugins.Parting;

[Provides("goodbye")]
internal sealed class Goodbye(Clock clock) : IFarewell
{
    public string Part() => $"goodbye at {clock.Now} ({Words.Dictionary.Version})";
}
