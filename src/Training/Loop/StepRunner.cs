using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Packing;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>Makes one optimizer step: forward and backward of every micro-batch, clipping, update.</summary>
/// <param name="model">The model.</param>
/// <param name="optimizer">Its optimizer.</param>
public sealed class StepRunner(ITrainedModel model, AdamW optimizer)
{
    private readonly Parameter[] trained = [.. model.Parameters.Where(p => p.Trains)];

    /// <summary>The largest global gradient norm; 0 does not clip.</summary>
    public double MaximumGradientNorm { get; init; }

    /// <summary>Seed of the random keys.</summary>
    public long Seed { get; init; }

    /// <summary>What the loss is divided by.</summary>
    public LossNormalization Normalization { get; init; }

    /// <summary>Makes the options of each tape.</summary>
    public Func<TapeRequest, TapeOptions> Tapes { get; init; } = r => r.ToOptions();

    /// <summary>The tape of the micro-batch that is being computed; null between steps.</summary>
    internal Tape? Running { get; private set; }

    /// <summary>Runs one step and waits for what it computed. Without a finite loss and gradient, weights stay as they are.</summary>
    /// <param name="batches">All micro-batches of the step.</param>
    /// <param name="step">The step, from 0; keys its random numbers.</param>
    /// <param name="learningRate">Its learning rate.</param>
    public StepOutcome Run(IReadOnlyList<MicroBatch> batches, int step, double learningRate)
    {
        using var pending = Start(batches, step, learningRate);
        return pending.Read();
    }

    /// <summary>Issues one step. On a GPU the host does not wait for it; on the CPU it is done when this returns.</summary>
    /// <param name="batches">All micro-batches of the step.</param>
    /// <param name="step">The step, from 0; keys its random numbers.</param>
    /// <param name="learningRate">Its learning rate.</param>
    internal PendingOutcome Start(IReadOnlyList<MicroBatch> batches, int step, double learningRate)
    {
        PrepareGradients(batches.Count);
        using var total = zeros([], dtype: ScalarType.Float64, device: model.Device);
        var tokens = batches.Sum(b => (long)b.TrainedTokens);
        var routerFactor = 0.0;
        Tensor? routers = null;
        for (var i = 0; i < batches.Count; i++)
        {
            var scale = 1.0 / (Normalization == LossNormalization.Tokens ? tokens : (double)batches[i].TrainedTokens * batches.Count);
            var request = new TapeRequest(CounterRandom.Key(Seed, step, i), IsRecording: true, IsLastOfStep: i == batches.Count - 1);
            using var tape = Running = new Tape(Tapes(request));
            var losses = model.ComputeLosses(tape, batches[i], scale, routerScale: 1.0 / batches.Count);
            using (no_grad())
            {
                total.add_(losses.Loss.Tensor, Scalars.One);
                if (losses.RouterLoss is { } balance)
                    (routers ??= zeros([], dtype: ScalarType.Float64, device: model.Device)).add_(balance.Tensor, Scalars.One);
            }

            routerFactor = losses.RouterFactor;
            losses.AddTo(tape);
            tape.Backward();
        }

        Running = null;
        var outcome = Update(new StepSums(total, routers, routerFactor, batches.Count), learningRate);
        routers?.Dispose();
        foreach (var parameter in trained)
            parameter.SetGradient(null);
        return outcome;
    }

    private PendingOutcome Update(in StepSums sums, double learningRate)
    {
        using var norm = GradientNorm.OnDevice(trained) ?? zeros([], device: model.Device);
        if (model.Device.type == DeviceType.CUDA)
        {
            using var clipping = DeviceClipping.Of(sums.Loss, norm, MaximumGradientNorm);
            optimizer.Step(learningRate, clipping);
            return PendingOutcome.After(sums, norm);
        }

        var outcome = sums.Outcome(sums.Loss.item<double>(), norm.item<float>(), sums.Routers?.item<double>());
        if (outcome.IsFinite)
            optimizer.Step(learningRate, GradientNorm.ClipFactor(outcome.GradientNorm, MaximumGradientNorm));
        return PendingOutcome.Known(outcome);
    }

    /// <summary>bf16 sums over several micro-batches would lose small contributions, so these are gathered in fp32.</summary>
    private void PrepareGradients(int microBatches)
    {
        foreach (var parameter in trained)
            parameter.GradientType = parameter.DType == ScalarType.Float32 || microBatches > 1 ? ScalarType.Float32 : null;
    }
}

/// <summary>What a step computed.</summary>
/// <param name="Loss">The loss that was differentiated, before the update.</param>
/// <param name="GradientNorm">The global gradient norm before clipping.</param>
public readonly record struct StepOutcome(double Loss, double GradientNorm)
{
    /// <summary>Mean load balancing loss of the routers over the micro-batches, without its factor; null where none is trained.</summary>
    public double? RouterLoss { get; init; }

    /// <summary>Whether both are numbers.</summary>
    public bool IsFinite => double.IsFinite(Loss) && double.IsFinite(GradientNorm);
}
