namespace Neoteny.Autograd;

/// <summary>Runs regions of a model in a cheaper way than operator by operator.</summary>
public interface IRegionRunner
{
    /// <summary>Runs a region, as one operator of the tape, or declines.</summary>
    /// <param name="tape">The tape to record on; its next regions follow in the model's order.</param>
    /// <param name="region">The region.</param>
    /// <param name="call">What it is run on.</param>
    /// <returns>Its outputs; null for the tape to run the body.</returns>
    Value[]? TryRun(Tape tape, Region region, RegionCall call);
}
