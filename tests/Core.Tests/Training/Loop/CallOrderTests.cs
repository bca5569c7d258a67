using Moq;
using Neoteny.Core.Tests.Training.Support;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Loop;
using Neoteny.Training.Options;

namespace Neoteny.Core.Tests.Training.Loop;

/// <summary>When a run calls those who take part in it. Swaps rely on it: a boundary comes before every step, and never beside a checkpoint or an evaluation.</summary>
public sealed class CallOrderTests : IDisposable
{
    private readonly TrainingFixture fixture = new();
    private readonly BigramModel model = new();
    private readonly Mock<IStepBoundary> boundary = new(MockBehavior.Strict);
    private readonly Mock<ITrainingObserver> observer = new(MockBehavior.Strict);
    private readonly Mock<IModelSaver> saver = new(MockBehavior.Strict);
    private readonly MockSequence order = new();

    [Fact]
    public void Boundaries_steps_evaluations_and_checkpoints_follow_one_another()
    {
        var checkpoint = Path.Combine(fixture.Output, "checkpoint-2");
        observer.InSequence(order).Setup(o => o.Started(It.Is<TrainingPlan>(p => p.TotalSteps == 3)));
        Evaluates(0);
        Steps(0);
        Steps(1);
        Evaluates(2);
        saver.InSequence(order).Setup(s => s.Save(It.Is<string>(f => f.StartsWith(checkpoint + ".tmp-"))));
        observer.InSequence(order).Setup(o => o.Saved(2, checkpoint));
        Steps(2);
        Evaluates(3);
        saver.InSequence(order).Setup(s => s.Save(It.Is<string>(f => f.Contains("checkpoint-3"))));
        observer.InSequence(order).Setup(o => o.Saved(3, Path.Combine(fixture.Output, "checkpoint-3")));
        saver.InSequence(order).Setup(s => s.Save(It.Is<string>(f => !f.Contains("checkpoint"))));
        observer.InSequence(order).Setup(o => o.Finished(It.Is<TrainingResult>(r => r.Steps == 3 && !r.Stopped)));

        Run();

        boundary.Verify(b => b.BeforeStep(It.IsAny<int>()), Times.Exactly(3));
        saver.Verify(s => s.Save(It.IsAny<string>()), Times.Exactly(3));
        observer.Verify(o => o.Finished(It.IsAny<TrainingResult>()), Times.Once);
    }

    [Fact]
    public void A_boundary_that_throws_ends_the_run_before_its_step_and_nothing_is_saved()
    {
        var error = new NeotenyException("the swap failed");
        observer.InSequence(order).Setup(o => o.Started(It.IsAny<TrainingPlan>()));
        Evaluates(0);
        Steps(0);
        boundary.InSequence(order).Setup(b => b.BeforeStep(1)).Throws(error);

        Assert.Same(error, Assert.Throws<NeotenyException>(() => Run()));

        observer.Verify(o => o.StepCompleted(It.IsAny<StepReport>()), Times.Once);
        observer.Verify(o => o.Finished(It.IsAny<TrainingResult>()), Times.Never);
        saver.Verify(s => s.Save(It.IsAny<string>()), Times.Never);
    }

    [Fact]
    public void A_run_that_is_stopped_finishes_its_step_saves_it_and_meets_no_further_boundary()
    {
        using var stop = new CancellationTokenSource();
        observer.InSequence(order).Setup(o => o.Started(It.IsAny<TrainingPlan>()));
        Evaluates(0);
        boundary.InSequence(order).Setup(b => b.BeforeStep(0)).Callback(stop.Cancel);
        observer.InSequence(order).Setup(o => o.StepCompleted(It.Is<StepReport>(r => r.Step == 1)));
        saver.InSequence(order).Setup(s => s.Save(It.Is<string>(f => f.Contains("checkpoint-1"))));
        observer.InSequence(order).Setup(o => o.Saved(1, Path.Combine(fixture.Output, "checkpoint-1")));
        observer.InSequence(order).Setup(o => o.Finished(It.Is<TrainingResult>(r => r.Steps == 1 && r.Stopped)));

        Run(stop.Token);

        boundary.Verify(b => b.BeforeStep(It.IsAny<int>()), Times.Once);
        observer.Verify(o => o.Finished(It.IsAny<TrainingResult>()), Times.Once);
    }

    public void Dispose()
    {
        model.Dispose();
        fixture.Folder.Dispose();
    }

    private void Steps(int done)
    {
        boundary.InSequence(order).Setup(b => b.BeforeStep(done));
        observer.InSequence(order).Setup(o => o.StepCompleted(It.Is<StepReport>(r => r.Step == done + 1)));
    }

    private void Evaluates(int step) => observer.InSequence(order).Setup(o => o.Evaluated(It.Is<EvaluationReport>(r => r.Step == step)));

    private void Run(CancellationToken stop = default)
    {
        var options = fixture.Options();
        using var trainer = new Trainer(new TrainingSetup
        {
            Model = model,
            Data = TrainingFixture.Data(heldOut: 4),
            Options = options with
            {
                Steps = options.Steps with { MaximumSteps = 3 },
                Saving = options.Saving with { Steps = 2 },
                Evaluation = new EvaluationOptions { Steps = 2 },
            },
            Saver = saver.Object,
            Observers = [observer.Object],
            Boundaries = [boundary.Object],
        });
        trainer.Run(stop);
    }
}
