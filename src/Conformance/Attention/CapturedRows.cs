using Neoteny.Attention;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Attention with room for other documents: see <see cref="IAttention.CapacityFor"/>.</summary>
internal static class CapturedRows
{
    /// <summary>Compares a row that is filled up with empty documents and, on a GPU, captured work that runs on other documents than it was captured with.</summary>
    /// <param name="run">Where failures go.</param>
    /// <param name="kernel">The implementation.</param>
    /// <param name="problem">The call.</param>
    /// <param name="dtype">Its dtype.</param>
    /// <returns>Whether the implementation has room for other documents.</returns>
    public static bool Check(CheckRun run, IAttention kernel, AttentionProblem problem, ScalarType dtype)
    {
        var (spec, layout) = (problem.Input.Spec, problem.Input.Layout);
        if (kernel.CapacityFor(spec, layout) is not { } room)
            return false;
        using var roomy = problem.Over(layout.WithRoom(room));
        Compare(run, problem, dtype, Results(kernel, roomy));
        using var other = problem.Over(SequenceLayout.Of(Others(layout.QueryLengths), layout.QueryOffsets.device));
        if (problem.Input.Query.device_type != DeviceType.CUDA || kernel.CapacityFor(spec, other.Input.Layout) != room)
            return true;
        using var capture = new GraphCapture(CudaDevice.Of(problem.Input.Query.device));
        using var filled = problem.Over(layout.WithRoom(room));
        using var work = capture.Capture(() => [.. Results(kernel, filled).Select(t => t?.DetachFromDisposeScope())]);
        filled.Input.Layout.Refill(other.Input.Layout);
        work.Run();
        Compare(run, other, dtype, [.. work.Results]);
        return true;
    }

    /// <summary>Other documents of as many tokens: in the other order, one alone in two.</summary>
    private static int[] Others(IReadOnlyList<int> lengths) => lengths is [> 1 and var alone] ? [1, alone - 1] : [.. lengths.Reverse()];

    private static Tensor?[] Results(IAttention kernel, AttentionProblem problem)
    {
        var (output, gradients) = problem.Run(kernel);
        return [output.Output, gradients.Query, gradients.Key, gradients.Value, gradients.Sinks];
    }

    private static void Compare(CheckRun run, AttentionProblem problem, ScalarType dtype, Tensor?[] results)
    {
        var expected = AttentionReference.Run(problem.Input, problem.OutputGradient);
        run.Close("output", expected.Output, results[0], problem.Tolerance, problem.Floor);
        AttentionComparison.Compare(run, problem, dtype, new AttentionGradients { Query = results[1]!, Key = results[2]!, Value = results[3]!, Sinks = results[4] }, expected);
    }
}
