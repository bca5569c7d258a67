using System.Runtime.InteropServices;
using Neoteny.Losses;

namespace Neoteny.Plugins.NativeLoss;

/// <summary>Calls into a library that nobody brings.</summary>
[Provides("native_loss")]
public sealed partial class NativeLoss : ILoss
{
    public LossFeatures Supports => LossFeatures.None;

    public LossResult Compute(LossInput input)
    {
        Call();
        throw new InvalidOperationException("unreachable");
    }

    [LibraryImport("no_such_library")]
    private static partial void Call();
}
