using Neoteny.Runtime.Cuda.Products;

namespace Neoteny.Core.Tests.Cuda;

public sealed class AlgorithmTrialTests
{
    [Fact]
    public void The_fastest_is_kept_whatever_its_first_use_cost()
    {
        double[][] times = [[5, 4, 4], [90, 3, 5], [1, 6, 6]];
        var trial = new AlgorithmTrial(3);
        List<int> given = [];
        for (var use = 0; use < 9; use++)
        {
            Assert.False(trial.IsSettled);
            given.Add(trial.Next(out var isTimed));
            Assert.True(isTimed);
            trial.Report(times[use % 3][use / 3]);
        }

        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], given);
        Assert.True(trial.IsSettled);
        Assert.Equal(1, trial.Next(out var again));
        Assert.False(again);
    }

    [Fact]
    public void Until_the_times_are_there_the_first_suggestion_is_used()
    {
        var trial = new AlgorithmTrial(2);
        for (var use = 0; use < 6; use++)
            trial.Next(out _);
        Assert.Equal(0, trial.Next(out var isTimed));
        Assert.False(isTimed);
        foreach (var time in (double[])[1, 1, 3, 2, 3, 2])
            trial.Report(time);
        Assert.Equal(1, trial.Next(out _));
    }

    [Fact]
    public void What_could_not_be_used_is_not_kept()
    {
        var trial = new AlgorithmTrial(2);
        for (var use = 0; use < 6; use++)
        {
            trial.Next(out _);
            trial.Report(use % 2 == 0 ? double.PositiveInfinity : 7);
        }

        Assert.Equal(1, trial.Best);
    }

    [Fact]
    public void One_suggestion_is_not_tried()
    {
        var trial = new AlgorithmTrial(1);
        Assert.True(trial.IsSettled);
        Assert.Equal(0, trial.Next(out var isTimed));
        Assert.False(isTimed);
    }
}
