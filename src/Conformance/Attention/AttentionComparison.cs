using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Compares gradients of attention with the reference.</summary>
internal static class AttentionComparison
{
    /// <summary>Every gradient, with its dtype.</summary>
    /// <param name="run">Where failures go.</param>
    /// <param name="problem">The call.</param>
    /// <param name="dtype">Its dtype.</param>
    /// <param name="actual">What the implementation gave.</param>
    /// <param name="reference">The reference's results where they are known already; null to compute them.</param>
    public static void Compare(CheckRun run, AttentionProblem problem, ScalarType dtype, AttentionGradients actual, AttentionReference.Result? reference = null)
    {
        var expected = reference ?? AttentionReference.Run(problem.Input, problem.OutputGradient);
        var (tolerance, floor) = (problem.Tolerance, problem.Floor);
        run.Close("query gradient", expected.Query, actual.Query, tolerance, floor);
        run.Close("key gradient", expected.Key, actual.Key, tolerance, floor);
        run.Close("value gradient", expected.Value, actual.Value, tolerance, floor);
        if (expected.Sinks is { } sinks)
        {
            run.Close("sink gradient", sinks, actual.Sinks, tolerance, floor);
        }

        foreach (var (name, gradient) in AttentionProblem.Results(actual))
        {
            run.That(gradient.dtype == dtype, $"{name}: has dtype {gradient.dtype} instead of {dtype}");
        }
    }
}
