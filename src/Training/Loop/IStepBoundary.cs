namespace Neoteny.Training.Loop;

/// <summary>Runs between two optimizer steps, where plugins may be exchanged: no tape, gradient or lease is alive.</summary>
public interface IStepBoundary
{
    /// <summary>Called on the training thread before each step.</summary>
    /// <param name="step">Steps done.</param>
    void BeforeStep(int step);
}
