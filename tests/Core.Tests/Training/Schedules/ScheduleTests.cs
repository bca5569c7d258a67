using Neoteny.Training.Options;
using Neoteny.Training.Schedules;

namespace Neoteny.Core.Tests.Training.Schedules;

public sealed class ScheduleTests
{
    [Fact]
    public void Cosine_with_warm_up_gives_the_rates_of_the_reference_trace()
    {
        var schedule = new LearningRateSchedule(SchedulerKind.Cosine, 1e-3, 4, 20);
        double[] expected = [0, 0.00025, 0.0005, 0.00075, 0.001, 0.0009903926402016153, 0.0009619397662556434];
        Assert.All(expected.Index(), e => Assert.Equal(e.Item, schedule.At(e.Index), 1e-15));
        Assert.Equal(9.607359798384786e-06, schedule.At(19), 1e-15);
    }

    [Theory]
    [InlineData(SchedulerKind.Cosine, 2, 1.0)]
    [InlineData(SchedulerKind.Cosine, 6, 0.55)]
    [InlineData(SchedulerKind.Cosine, 10, 0.1)]
    [InlineData(SchedulerKind.Cosine, 99, 0.1)]
    [InlineData(SchedulerKind.Linear, 6, 0.5)]
    [InlineData(SchedulerKind.Linear, 10, 0.0)]
    [InlineData(SchedulerKind.ConstantWithWarmup, 1, 0.5)]
    [InlineData(SchedulerKind.ConstantWithWarmup, 9, 1.0)]
    public void Each_shape_has_its_values(SchedulerKind kind, int step, double expected)
        => Assert.Equal(expected, new LearningRateSchedule(kind, 1, 2, 10, 0.1).At(step), 1e-12);

    [Theory]
    [InlineData(10, 0)]
    [InlineData(40, 2)]
    [InlineData(1000, 30)]
    [InlineData(100_000, 100)]
    public void An_unset_warm_up_is_three_percent_but_never_one_step_and_at_most_a_hundred(int total, int warmup)
        => Assert.Equal(warmup, LearningRateSchedule.Of(new ScheduleOptions(), 1, total).WarmupSteps);

    [Fact]
    public void A_set_warm_up_counts_and_a_constant_rate_has_none()
    {
        Assert.Equal(7, LearningRateSchedule.Of(new ScheduleOptions { WarmupSteps = 7 }, 1, 100).WarmupSteps);
        Assert.Equal(25, LearningRateSchedule.Of(new ScheduleOptions { WarmupRatio = 0.25 }, 1, 100).WarmupSteps);
        Assert.Equal(0, LearningRateSchedule.Of(new ScheduleOptions { Scheduler = SchedulerKind.Constant, WarmupSteps = 7 }, 1, 100).WarmupSteps);
    }
}
