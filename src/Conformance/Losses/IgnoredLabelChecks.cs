using Neoteny.Losses;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Tokens whose label is ignored cost nothing and move nothing.</summary>
internal sealed class IgnoredLabelChecks(CheckRun run, ILoss loss)
{
    /// <summary>No token counts: everything is 0.</summary>
    public void All(LossProblem problem)
    {
        var result = loss.Compute(problem.Input);
        run.That(result.Loss.item<float>() == 0, $"the loss is {result.Loss.item<float>()}, not 0");
        Zero("hidden gradient", result.HiddenGradient);
        foreach (var (name, gradient, _) in problem.HeadGradients())
        {
            run.That(gradient is null || IsZero(gradient), $"{name}: is not 0");
        }

        if (problem.Input.Demands.HasFlag(LossFeatures.PerToken))
        {
            Zero("loss of each token", result.PerToken);
        }
    }

    /// <summary>The third token is ignored, the first is not.</summary>
    public void Some(LossProblem problem)
    {
        var result = loss.Compute(problem.Input);
        Zero("hidden gradient of an ignored token", result.HiddenGradient?.narrow(0, 2, 1));
        run.That(result.HiddenGradient is { } g && !IsZero(g.narrow(0, 0, 1)), "hidden gradient of a trained token: is 0");
    }

    private void Zero(string what, Tensor? tensor) => run.That(tensor is not null && IsZero(tensor), $"{what}: is not 0");

    private static bool IsZero(Tensor tensor) => tensor.eq(Runtime.Scalars.Zero).all().item<bool>();
}
