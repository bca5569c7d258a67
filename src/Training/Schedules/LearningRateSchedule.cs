using Neoteny.Training.Options;

namespace Neoteny.Training.Schedules;

/// <summary>The learning rate of each step; a pure function of the step.</summary>
/// <param name="Kind">The shape after the warm-up.</param>
/// <param name="PeakRate">The rate after the warm-up.</param>
/// <param name="WarmupSteps">Steps over which the rate rises in a line from 0; the first step has rate 0.</param>
/// <param name="TotalSteps">All steps.</param>
/// <param name="MinimumRatio">What the cosine ends at, as a fraction of the peak.</param>
public sealed record LearningRateSchedule(SchedulerKind Kind, double PeakRate, int WarmupSteps, int TotalSteps, double MinimumRatio = 0)
{
    private const int LongestDefaultWarmup = 100;
    private const double DefaultWarmupRatio = 0.03;

    /// <summary>The schedule of a configuration.</summary>
    public static LearningRateSchedule Of(ScheduleOptions options, double peakRate, int totalSteps)
    {
        var warmup = options switch
        {
            { Scheduler: SchedulerKind.Constant } => 0,
            { WarmupSteps: { } steps } => steps,
            { WarmupRatio: { } ratio } => (int)(ratio * totalSteps),
            _ => Default(totalSteps),
        };
        return new LearningRateSchedule(options.Scheduler, peakRate, warmup, totalSteps, options.MinimumRatio);
    }

    /// <summary>The rate of step <paramref name="step"/>, counted from 0.</summary>
    public double At(int step)
    {
        if (step < WarmupSteps)
            return PeakRate * step / WarmupSteps;

        var progress = Math.Min(1, (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps));
        return Kind switch
        {
            SchedulerKind.Cosine => PeakRate * (((1 - MinimumRatio) * 0.5 * (1 + Math.Cos(Math.PI * progress))) + MinimumRatio),
            SchedulerKind.Linear => PeakRate * (1 - progress),
            _ => PeakRate,
        };
    }

    // One step of warm-up would be a wasted step of rate 0 followed by the full rate.
    private static int Default(int totalSteps) => Math.Min((int)(DefaultWarmupRatio * totalSteps), LongestDefaultWarmup) is var steps && steps == 1 ? 2 : steps;
}
