using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Ring attention's demand: blocks of keys attended apart merge by their log-sum-exps, and backward of each runs from the merged output.</summary>
internal static class MergedBlocks
{
    private const int Queries = 5;
    private const int Early = 7;

    /// <summary>Queries that see all of the earlier keys and, causally, their own.</summary>
    public static AttentionCase Problem { get; } = new("merged", 4, 4, 16, Queries) { Keys = [Early + Queries] };

    public static void Check(CheckRun run, IAttention kernel, AttentionProblem problem, ConformanceSettings settings)
    {
        using SequenceLayout first = SequenceLayout.Of([Queries], [Early], settings.Device), second = SequenceLayout.Of([Queries], settings.Device);
        var (whole, tolerance) = (problem.Input, Tolerance.Of(problem.Input.Query.dtype));
        var expected = AttentionReference.Run(whole, problem.OutputGradient);
        var (a, b) = (Block(whole, first, 0, AttentionFeatures.UnequalLengths), Block(whole, second, Early, AttentionFeatures.Causal));
        var (ra, rb) = (kernel.Forward(a), kernel.Forward(b));
        if (ra.LogSumExp is not { } la || rb.LogSumExp is not { } lb)
        {
            run.Fail("log-sum-exp: missing, though supported");
            return;
        }

        var lse = la.logaddexp(lb);
        var output = Weighted(ra.Output, la, lse).add(Weighted(rb.Output, lb, lse), Scalars.One).to(whole.Query.dtype);
        run.Close("merged output", expected.Output, output, tolerance);
        run.Close("merged log-sum-exp", expected.LogSumExp, lse, tolerance);
        AttentionGradients Back(AttentionInput input, AttentionOutput made) => kernel.Backward(
            new AttentionBackward { Input = input, Output = output, LogSumExp = lse, OutputGradient = problem.OutputGradient, Saved = made.Saved });
        var (ga, gb) = (Back(a, ra), Back(b, rb));
        run.Close("query gradient", expected.Query, Comparison.Wide(ga.Query).add(Comparison.Wide(gb.Query), Scalars.One), tolerance, problem.Floor);
        run.Close("key gradient", expected.Key, cat([ga.Key, gb.Key]), tolerance, problem.Floor);
        run.Close("value gradient", expected.Value, cat([ga.Value, gb.Value]), tolerance, problem.Floor);
    }

    private static Tensor Weighted(Tensor output, Tensor part, Tensor whole) => output.to(ScalarType.Float32).mul(part.sub(whole).exp().unsqueeze(-1));

    private static AttentionInput Block(AttentionInput whole, SequenceLayout layout, int from, AttentionFeatures demands) => new()
    {
        Query = whole.Query,
        Key = whole.Key.narrow(0, from, layout.Keys),
        Value = whole.Value.narrow(0, from, layout.Keys),
        Layout = layout,
        Spec = new AttentionSpec
        {
            Demands = demands,
            Scale = whole.Spec.Scale,
            QueryHeads = whole.Spec.QueryHeads,
            KeyHeads = whole.Spec.KeyHeads,
            HeadSize = whole.Spec.HeadSize,
        },
        NeedsBackward = true,
    };
}
