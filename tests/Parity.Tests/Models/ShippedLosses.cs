using Neoteny.Losses;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;

namespace Neoteny.Parity.Tests.Models;

/// <summary>The losses of this repository, each with the options that change what it computes.</summary>
internal static class ShippedLosses
{
    private static readonly Dictionary<string, Func<ILoss>> All = new()
    {
        ["cross_entropy"] = static () => new CrossEntropyLoss(),
        ["cut_cross_entropy"] = static () => new CutCrossEntropyLoss(new CceOptions()),
        ["cut_cross_entropy, low memory"] = static () => new CutCrossEntropyLoss(new CceOptions { LowMemory = true }),
    };

    public static IEnumerable<string> Names => All.Keys;

    public static ILoss Make(string name) => All[name]();
}
