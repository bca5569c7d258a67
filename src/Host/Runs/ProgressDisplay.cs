using System.Globalization;
using Neoteny.Training.Loop;
using Spectre.Console;

namespace Neoteny.Host.Runs;

/// <summary>Shows a run on the console: a live bar on a terminal, plain lines elsewhere.</summary>
internal sealed class ProgressDisplay(IAnsiConsole console) : ITrainingObserver
{
    private TrainingPlan? plan;
    private ProgressTask? bar;

    /// <summary>Runs a body under the display.</summary>
    public TrainingResult Run(Func<TrainingResult> body)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Out.IsTerminal)
        {
            return body();
        }

        TrainingResult? result = null;
        console.Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                bar = context.AddTask("starting", autoStart: true);
                result = body();
            });
        return result!;
    }

    public void Started(TrainingPlan plan)
    {
        this.plan = plan;
        if (bar is not null)
        {
            bar.MaxValue = plan.TotalSteps;
            bar.Value = plan.StartStep;
        }
        else
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"training: {plan.TotalSteps} steps, {plan.StepsPerEpoch} an epoch, rows {plan.PackingEfficiency:p0} full")
                + (plan.StartStep > 0 ? $", going on after step {plan.StartStep}" : ""));
        }
    }

    public void StepCompleted(StepReport step)
    {
        var line = string.Create(CultureInfo.InvariantCulture,
            $"step {step.Step}/{plan!.TotalSteps}  loss {step.Loss:f4}  grad norm {step.GradientNorm:f3}  lr {step.LearningRate:g3}  {step.TokensPerSecond:f0} tok/s");
        if (bar is not null)
        {
            bar.Value = step.Step;
            bar.Description = Markup.Escape(line);
        }
        else if (step.Step % plan.LoggingSteps == 0 || step.Step == plan.TotalSteps)
        {
            Write(line);
        }
    }

    public void Evaluated(EvaluationReport evaluation) => Write(string.Create(CultureInfo.InvariantCulture,
        $"evaluation at step {evaluation.Step}: loss {evaluation.Outcome.Loss:f4}, perplexity {evaluation.Outcome.Perplexity:f2}"));

    public void Saved(int step, string folder) => Write($"checkpoint after step {step}: {folder}");

    public void Warned(string message) => Write($"warning: {message}");

    private void Write(string line) => console.WriteLine(line);
}
