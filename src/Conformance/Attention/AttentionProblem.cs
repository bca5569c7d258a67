using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>A case with random tensors. Everything but the layout belongs to the dispose scope around.</summary>
internal sealed class AttentionProblem : IDisposable
{
    private readonly double slack;

    private AttentionProblem(AttentionInput input, Tensor gradient, double slack) => (Input, OutputGradient, this.slack) = (input, gradient, slack);

    public AttentionInput Input { get; }

    public Tensor OutputGradient { get; }

    /// <summary>How far results may be off.</summary>
    public double Tolerance => slack * Conformance.Tolerance.Of(Input.Query.dtype);

    /// <summary>What exactly vanishes (a query's gradient where it sees one key) is held against this scale of the problem.</summary>
    public double Floor => Comparison.Wide(OutputGradient).norm().item<double>();

    /// <param name="problem">The case.</param>
    /// <param name="settings">Device and seed.</param>
    /// <param name="dtype">Dtype of all tensors.</param>
    /// <param name="strided">Whether heads are slices of wider rows, as a fused projection gives them.</param>
    /// <param name="needsBackward">Whether backward will follow.</param>
    public static AttentionProblem Make(AttentionCase problem, ConformanceSettings settings, ScalarType dtype, bool strided = false, bool needsBackward = true)
    {
        using var draw = settings.Draw();
        Tensor Heads(int rows, int heads, int size, double factor = 1)
            => strided ? draw.Scaled(factor, dtype, rows, heads + 3, size).narrow(1, 2, heads) : draw.Scaled(factor, dtype, rows, heads, size);

        var spec = problem.Spec;
        var layout = SequenceLayout.Of(problem.Lengths, problem.Keys ?? problem.Lengths, settings.Device);
        var valueSize = spec.ValueSize == 0 ? spec.HeadSize : spec.ValueSize;
        var input = new AttentionInput
        {
            Query = Heads(layout.Tokens, spec.QueryHeads, spec.HeadSize, problem.Spread),
            Key = Heads(layout.Keys, spec.KeyHeads, spec.HeadSize),
            Value = Heads(layout.Keys, spec.KeyHeads, valueSize),
            Layout = layout,
            Spec = spec,
            Sinks = problem.Sinks ? draw.Normal(dtype, spec.QueryHeads) : null,
            NeedsBackward = needsBackward,
        };
        return new AttentionProblem(input, draw.Normal(dtype, layout.Tokens, spec.QueryHeads, valueSize), problem.Slack);
    }

    /// <summary>The same tensors over other documents, whose layout is handed over.</summary>
    public AttentionProblem Over(SequenceLayout layout) => new(
        new AttentionInput
        {
            Query = Input.Query,
            Key = Input.Key,
            Value = Input.Value,
            Layout = layout,
            Spec = Input.Spec,
            Sinks = Input.Sinks,
            NeedsBackward = Input.NeedsBackward,
        },
        OutputGradient, slack);

    /// <summary>Forward, and backward from what it gave.</summary>
    public (AttentionOutput Output, AttentionGradients Gradients) Run(IAttention kernel)
    {
        var output = kernel.Forward(Input);
        return (output, Backward(kernel, output));
    }

    public AttentionGradients Backward(IAttention kernel, AttentionOutput output) => kernel.Backward(new AttentionBackward
    {
        Input = Input,
        Output = output.Output,
        LogSumExp = output.LogSumExp,
        OutputGradient = OutputGradient,
        Saved = output.Saved,
    });

    /// <summary>The call as a workload for checks of conduct.</summary>
    public Workload Workload(IAttention kernel) => new(
        [("query", Input.Query), ("key", Input.Key), ("value", Input.Value), .. Input.Sinks is { } s ? [("sinks", s)] : Array.Empty<(string, Tensor)>(),
            ("output gradient", OutputGradient), ("query offsets", Input.Layout.QueryOffsets), ("key offsets", Input.Layout.KeyOffsets)],
        () =>
        {
            var (output, gradients) = Run(kernel);
            return [("output", output.Output), .. Results(gradients)];
        });

    public static IEnumerable<(string Name, Tensor Tensor)> Results(AttentionGradients gradients)
        => [("query gradient", gradients.Query), ("key gradient", gradients.Key), ("value gradient", gradients.Value),
            .. gradients.Sinks is { } s ? [("sink gradient", s)] : Array.Empty<(string, Tensor)>()];

    public void Dispose() => Input.Layout.Dispose();
}
