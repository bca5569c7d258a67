using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Models.Decoder;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>What the trainer needs of a model.</summary>
public interface ITrainedModel
{
    /// <summary>All parameters; those with <see cref="Parameter.Trains"/> are updated.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Where it computes.</summary>
    Device Device { get; }

    /// <summary>Runs the model and its loss.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="scale">Factor on the sum over trained tokens.</param>
    /// <returns>The scaled loss, fp32 scalar, a value of the tape.</returns>
    Value ComputeLoss(Tape tape, MicroBatch batch, double scale);

    /// <summary>Runs the model with everything it trains on.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="scale">Factor on the sum over trained tokens.</param>
    /// <param name="routerScale">Factor on auxiliary losses: one over the micro-batches of the step.</param>
    ModelLosses ComputeLosses(Tape tape, MicroBatch batch, double scale, double routerScale) => new() { Loss = ComputeLoss(tape, batch, scale) };
}
