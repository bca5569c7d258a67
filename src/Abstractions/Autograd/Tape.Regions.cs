namespace Neoteny.Autograd;

public sealed partial class Tape
{
    /// <summary>Whether an operator has asked for a random key of the host, so that running the same work again would draw the same numbers.</summary>
    internal bool HasDrawnRandomKeys { get; private set; }

    /// <summary>Whether an operator has asked for random numbers in a way that can be captured.</summary>
    internal bool HasDrawn { get; private set; }

    /// <summary>How many operators were applied: with the seed it decides the random numbers of the next one.</summary>
    internal ulong Calls
    {
        get => calls;
        set => calls = value;
    }

    /// <summary>The seed of the tape's random numbers.</summary>
    internal ulong Seed => options.Seed;

    /// <summary>Whether regions are handed over to somebody who may run them another way.</summary>
    public bool HandsRegionsOver => options.Regions is not null && IsRecording && firstRun is null && replaying is null && Store is null && options.VersionOf is null;

    /// <summary>Runs a region: by <see cref="TapeOptions.Regions"/> where there is one that takes it, else operator by operator.</summary>
    /// <remarks>Saved tensors that are parked or whose versions are checked, and segments that are checkpointed, need every operator on this tape: their regions are not handed over.</remarks>
    /// <param name="region">The region.</param>
    /// <param name="call">What it is run on.</param>
    /// <returns>What the body returned.</returns>
    public Value[] Region(Region region, RegionCall call)
    {
        CheckState(region.Path);
        return (HandsRegionsOver ? options.Regions!.TryRun(this, region, call) : null) ?? region.Body(this, call);
    }
}
