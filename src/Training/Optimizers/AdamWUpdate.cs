namespace Neoteny.Training.Optimizers;

/// <summary>The numbers of one step that all parameters share.</summary>
/// <param name="Settings">Fixed numbers.</param>
/// <param name="Step">The step, from 1.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="GradientScale">Factor on all gradients.</param>
internal readonly record struct AdamWUpdate(AdamWSettings Settings, long Step, double LearningRate, double GradientScale)
{
    /// <summary>What decides on the device about the step instead of <see cref="GradientScale"/>; null where the host has decided.</summary>
    public DeviceClipping? Clipping { get; init; }

    /// <summary>How much of its final size the first moment has reached.</summary>
    public double FirstCorrection => 1 - Math.Pow(Settings.Beta1, Step);

    /// <summary>The same for the second moment.</summary>
    public double SecondCorrection => 1 - Math.Pow(Settings.Beta2, Step);
}
