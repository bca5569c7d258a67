using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>The sums over a step's micro-batches, where the model computes.</summary>
/// <param name="Loss">The loss of the tokens, float64 scalar.</param>
/// <param name="Routers">The routers' load balancing losses, float64 scalar; null where none is trained.</param>
/// <param name="RouterFactor">The factor they are trained with; it holds the share of each micro-batch in the mean.</param>
/// <param name="MicroBatches">How many micro-batches were added.</param>
internal readonly record struct StepSums(Tensor Loss, Tensor? Routers, double RouterFactor, int MicroBatches)
{
    /// <summary>The outcome once the sums are known.</summary>
    public StepOutcome Outcome(double loss, double norm, double? routers)
        => new(loss + (RouterFactor * routers ?? 0), norm) { RouterLoss = routers / MicroBatches };
}
