using Neoteny.Attention;
using Neoteny.Benchmarks.Harness;
using Neoteny.Plugins.Sdpa;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Attention;

/// <summary>Compares a kernel with the plain reference in fp32 on the same row.</summary>
internal static class AttentionComparison
{
    private const int MostRows = 8192;

    /// <summary>The largest difference of output and gradients, as a share of their norms, over the first documents of the row.</summary>
    public static double Error(IAttention kernel, AttentionInput input, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var lengths = new List<int>();
        foreach (var length in input.Layout.QueryLengths.TakeWhile(l => lengths.Sum() + l <= MostRows))
        {
            lengths.Add(length);
        }

        if (lengths.Count == 0)
        {
            lengths.Add(MostRows / 2);
        }

        using var layout = SequenceLayout.Of(lengths, input.Query.device);
        AttentionInput Part(ScalarType dtype) => new()
        {
            Query = Rows(input.Query, dtype),
            Key = Rows(input.Key, dtype),
            Value = Rows(input.Value, dtype),
            Layout = layout,
            Spec = input.Spec,
            NeedsBackward = true,
        };
        Tensor Rows(Tensor x, ScalarType dtype) => x.narrow(0, 0, layout.Tokens).to(dtype);
        var actual = Run(kernel, Part(input.Query.dtype), Rows(gradient, input.Query.dtype));
        var expected = Run(new EagerAttention(), Part(ScalarType.Float32), Rows(gradient, ScalarType.Float32));
        return expected.Zip(actual, RelativeError.Of).Max();
    }

    private static Tensor[] Run(IAttention kernel, AttentionInput input, Tensor gradient)
    {
        var output = kernel.Forward(input);
        var gradients = kernel.Backward(new AttentionBackward { Input = input, Output = output.Output, LogSumExp = output.LogSumExp, OutputGradient = gradient, Saved = output.Saved });
        return [output.Output, gradients.Query, gradients.Key, gradients.Value];
    }
}
