namespace Neoteny.Autograd;

public sealed partial class Tape
{
    /// <summary>Whether an operator has asked for random numbers, so that running the same work again would draw the same ones.</summary>
    internal bool HasDrawnRandomKeys { get; private set; }

    /// <summary>Runs a region: by <see cref="TapeOptions.Regions"/> where there is one that takes it, else operator by operator.</summary>
    /// <remarks>Saved tensors that are parked or whose versions are checked, and segments that are checkpointed, need every operator on this tape: their regions are not handed over.</remarks>
    /// <param name="region">The region.</param>
    /// <param name="inputs">Every value of outside that its body uses.</param>
    /// <returns>What the body returned.</returns>
    public Value[] Region(Region region, params Value[] inputs)
    {
        CheckState(region.Path);
        var runner = IsRecording && firstRun is null && replaying is null && Store is null && options.VersionOf is null ? options.Regions : null;
        return runner?.TryRun(this, region, inputs) ?? region.Body(this, inputs);
    }
}
