namespace Neoteny.Benchmarks.Steps;

/// <summary>Numbers that both sides of the comparison share.</summary>
internal static class StepSettings
{
    public const int Threads = 2;
    public const double LearningRate = 1e-4;
    public const double WeightDecay = 0.01;
    public const double MaximumGradientNorm = 1;
    public const double LoraAlpha = 32;
}
