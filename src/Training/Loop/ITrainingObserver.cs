namespace Neoteny.Training.Loop;

/// <summary>Hears what a run does: progress displays, metrics files. Called on the training thread; what it throws ends the run.</summary>
public interface ITrainingObserver
{
    /// <summary>The run starts.</summary>
    void Started(TrainingPlan plan)
    {
    }

    /// <summary>A step is done.</summary>
    void StepCompleted(StepReport step)
    {
    }

    /// <summary>An evaluation is done.</summary>
    void Evaluated(EvaluationReport evaluation)
    {
    }

    /// <summary>A checkpoint is complete.</summary>
    void Saved(int step, string folder)
    {
    }

    /// <summary>Something is odd, but the run goes on.</summary>
    void Warned(string message)
    {
    }

    /// <summary>The run is over, completed or stopped. Not called after an error.</summary>
    void Finished(TrainingResult result)
    {
    }
}
