using Neoteny.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Compares a loss with the reference.</summary>
internal static class LossComparison
{
    /// <summary>Computes and compares everything.</summary>
    public static void Compare(CheckRun run, ILoss loss, LossProblem problem, ScalarType dtype)
    {
        var expected = LossReference.Run(problem.Input);
        var actual = loss.Compute(problem.Input);
        var tolerance = problem.Case.Slack * Tolerance.Of(dtype);
        var scale = Math.Abs(problem.Case.Scale);
        run.That(actual.Loss.dtype == ScalarType.Float32, $"loss: has dtype {actual.Loss.dtype} instead of Float32");
        run.That(actual.Loss.numel() == 1, "loss: is not a scalar");
        run.Close("loss", expected.Loss, actual.Loss.to(ScalarType.Float64).sum().item<double>(), tolerance, scale);
        run.That(actual.HiddenGradient?.dtype == dtype, $"hidden gradient: has dtype {actual.HiddenGradient?.dtype} instead of {dtype}");
        run.Close("hidden gradient", expected.Hidden, actual.HiddenGradient, tolerance, scale * 1e-2);
        foreach (var ((name, gradient, trains), reference) in problem.HeadGradients().Zip(expected.Head))
        {
            if (trains)
            {
                run.Close(name, reference, gradient, tolerance, scale * 1e-2);
            }
            else
            {
                run.That(gradient is null, $"{name}: was computed, though the parameter is frozen");
            }
        }

        if (problem.Input.Demands.HasFlag(LossFeatures.PerToken))
        {
            run.Close("loss of each token", expected.PerToken, actual.PerToken, tolerance);
        }
        else
        {
            run.That(actual.PerToken is null, "loss of each token: was computed, though nobody demands it");
        }
    }
}
