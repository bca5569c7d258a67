using System.Diagnostics;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Training.Packing;

namespace Neoteny.Training.Loop;

/// <summary>Computes the mean loss per token over evaluation data.</summary>
/// <param name="model">The model.</param>
/// <param name="source">The evaluation data.</param>
public sealed class Evaluator(ITrainedModel model, BatchSource source)
{
    /// <summary>Makes the options of each tape.</summary>
    public Func<TapeRequest, TapeOptions> Tapes { get; init; } = r => r.ToOptions();

    /// <summary>Runs all evaluation data once.</summary>
    /// <param name="progress">Called after each micro-batch with the number done so far.</param>
    public EvaluationOutcome Run(Action<int>? progress = null)
    {
        var watch = Stopwatch.StartNew();
        var (sum, tokens, done) = (0.0, 0L, 0);
        foreach (var batch in source.All())
        {
            using (batch)
            {
                sum += Sum(batch);
                tokens += batch.TrainedTokens;
            }

            progress?.Invoke(++done);
        }

        return new EvaluationOutcome(sum / Math.Max(tokens, 1), tokens, watch.Elapsed);
    }

    private double Sum(MicroBatch batch)
    {
        using var tape = new Tape(Tapes(new TapeRequest(0, IsRecording: false, IsLastOfStep: false)));
        return model.ComputeLoss(tape, batch, scale: 1).Tensor.item<float>();
    }
}

/// <summary>What an evaluation gave.</summary>
/// <param name="Loss">Mean cross-entropy of a trained token, in nats.</param>
/// <param name="Tokens">Trained tokens.</param>
/// <param name="Duration">How long it took.</param>
public readonly record struct EvaluationOutcome(double Loss, long Tokens, TimeSpan Duration)
{
    /// <summary>e to the loss.</summary>
    public double Perplexity => Math.Exp(Loss);
}
