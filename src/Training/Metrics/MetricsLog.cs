using System.Text;
using System.Text.Json;
using Neoteny.Training.Loop;

namespace Neoteny.Training.Metrics;

/// <summary>Writes <c>metrics.jsonl</c>: one JSON object a line, flushed at once.</summary>
/// <remarks>
/// Training lines come every <see cref="TrainingPlan.LoggingSteps"/> steps: <c>step, epoch, loss</c> (mean since the last line, weighted by
/// trained tokens), <c>router_aux_loss</c> (where one is trained), <c>grad_norm, learning_rate</c> (of that step), <c>tokens, trained_tokens, seconds</c> (since the last line),
/// <c>tokens_per_second, memory_bytes</c>, on a GPU <c>device_memory_bytes</c> (the largest peak since the last line). Evaluation lines have <c>step, epoch, eval_loss, eval_perplexity, eval_tokens, eval_seconds</c>.
/// A resumed run drops the lines of steps that it makes again.
/// </remarks>
/// <param name="path">The file.</param>
public sealed class MetricsLog(string path) : ITrainingObserver
{
    /// <summary>The usual name of the file in an output folder.</summary>
    public static readonly string FileName = "metrics.jsonl";

    private readonly List<StepReport> pending = [];
    private TrainingPlan? plan;

    /// <inheritdoc/>
    public void Started(TrainingPlan plan)
    {
        this.plan = plan;
        pending.Clear();
        var kept = plan.StartStep > 0 && File.Exists(path) ? File.ReadLines(path).Where(l => IsUpTo(l, plan.StartStep)).ToArray() : [];
        Guard(() => File.WriteAllLines(path, kept));
    }

    /// <inheritdoc/>
    public void StepCompleted(StepReport step)
    {
        pending.Add(step);
        if (step.Step % plan!.LoggingSteps == 0 || step.Step == plan.TotalSteps || step.Step == plan.StartStep + 1)
        {
            Append(json => WriteStep(json, step));
            pending.Clear();
        }
    }

    /// <inheritdoc/>
    public void Evaluated(EvaluationReport evaluation) => Append(json =>
    {
        json.WriteNumber("step", evaluation.Step);
        json.WriteNumber("epoch", Math.Round(evaluation.Epoch, 4));
        json.WriteNumber("eval_loss", evaluation.Outcome.Loss);
        json.WriteNumber("eval_perplexity", evaluation.Outcome.Perplexity);
        json.WriteNumber("eval_tokens", evaluation.Outcome.Tokens);
        json.WriteNumber("eval_seconds", Math.Round(evaluation.Outcome.Duration.TotalSeconds, 4));
    });

    private void WriteStep(Utf8JsonWriter json, StepReport step)
    {
        var (tokens, trained) = (pending.Sum(s => s.Tokens), pending.Sum(s => s.TrainedTokens));
        var seconds = pending.Sum(s => s.Duration.TotalSeconds);
        json.WriteNumber("step", step.Step);
        json.WriteNumber("epoch", Math.Round(step.Epoch, 4));
        json.WriteNumber("loss", pending.Sum(s => s.Loss * s.TrainedTokens) / Math.Max(trained, 1));
        if (step.RouterLoss is { } router)
            json.WriteNumber("router_aux_loss", router);
        json.WriteNumber("grad_norm", step.GradientNorm);
        json.WriteNumber("learning_rate", step.LearningRate);
        json.WriteNumber("tokens", tokens);
        json.WriteNumber("trained_tokens", trained);
        json.WriteNumber("tokens_per_second", Math.Round(tokens / Math.Max(seconds, 1e-9), 1));
        json.WriteNumber("seconds", Math.Round(seconds, 4));
        json.WriteNumber("memory_bytes", step.Memory);
        if (pending.Max(s => s.DeviceMemory) is { } device)
            json.WriteNumber("device_memory_bytes", device);
    }

    private void Append(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        Guard(() => File.AppendAllText(path, Encoding.UTF8.GetString(buffer.ToArray()) + "\n"));
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NeotenyException($"The metrics file {path} could not be written: {e.Message} Free some space or change the permissions, then go on with "
                + "'resume_from_checkpoint: true'.", e);
        }
    }

    /// <summary>Whether a line is whole and of a step that stays.</summary>
    private static bool IsUpTo(string line, int step)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt32() <= step;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }
}
