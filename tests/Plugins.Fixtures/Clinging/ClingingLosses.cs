using Neoteny.Losses;
using Neoteny.Plugins.Steady;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Clinging;

/// <summary>A loss as it should be.</summary>
[Provides("clean_loss")]
public class CleanLoss : ILoss
{
    private readonly SteadyLoss inner = new();

    public LossFeatures Supports => inner.Supports;

    public virtual LossResult Compute(LossInput input) => inner.Compute(input);
}

/// <summary>Hangs itself on an event of the process in every call and never lets go.</summary>
[Provides("leaking_loss")]
public sealed class LeakingLoss : CleanLoss
{
    public override LossResult Compute(LossInput input)
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => GC.KeepAlive(this);
        return base.Compute(input);
    }
}

/// <summary>Keeps a tensor of every call in a static field and never frees it.</summary>
[Provides("hoarding_loss")]
public sealed class HoardingLoss : CleanLoss
{
    private static readonly List<Tensor> Kept = [];

    public override LossResult Compute(LossInput input)
    {
        var kept = input.Hidden.clone();
        kept.DetachFromDisposeScope();
        Kept.Add(kept);
        return base.Compute(input);
    }
}
