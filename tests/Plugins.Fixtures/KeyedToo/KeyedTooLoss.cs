using Neoteny.Losses;
using Neoteny.Plugins.Steady;

namespace Neoteny.Plugins.KeyedToo;

/// <summary>A second plugin whose loss is on by default.</summary>
[Provides("keyed_too_loss")]
public sealed class KeyedTooLoss : ILoss
{
    private readonly SteadyLoss inner = new();

    public LossFeatures Supports => inner.Supports;

    public LossResult Compute(LossInput input) => inner.Compute(input);
}
