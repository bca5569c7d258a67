using Neoteny.Losses;
using Neoteny.Plugins.Steady;

namespace Neoteny.Plugins.Keyed;

/// <summary>The loss of the fixture plugin Steady, under two names that keys switch on.</summary>
[Provides("keyed_loss")]
[Provides("keyed_second_loss")]
public sealed class KeyedLoss : ILoss
{
    private readonly SteadyLoss inner = new();

    public LossFeatures Supports => inner.Supports;

    public LossResult Compute(LossInput input) => inner.Compute(input);
}
