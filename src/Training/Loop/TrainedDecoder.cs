using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Losses;
using Neoteny.Models.Decoder;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>A decoder with the loss of the moment.</summary>
/// <param name="model">The decoder; borrowed.</param>
/// <param name="loss">Gives the loss at each call, since it may be swapped between two steps.</param>
public sealed class TrainedDecoder(DecoderModel model, Func<ILoss> loss) : ITrainedModel
{
    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters => model.Parameters;

    /// <inheritdoc/>
    public Device Device => model.Device;

    /// <inheritdoc/>
    public Value ComputeLoss(Tape tape, MicroBatch batch, double scale) => model.ComputeLoss(tape, batch, loss(), scale);

    /// <inheritdoc/>
    public ModelLosses ComputeLosses(Tape tape, MicroBatch batch, double scale, double routerScale) => model.ComputeLosses(tape, batch, loss(), scale, routerScale);
}
