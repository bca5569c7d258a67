using Neoteny.Fixture;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Hazardous;

/// <summary>Calls what BannedSymbols.txt bans.</summary>
[Provides("hazardous")]
public sealed class HazardousGreeting : IGreeting
{
    public string Greet()
    {
        using var one = ones(1);
        return (one + 1f).square().add(one.mul(one), 2).ToString();
    }
}
