using Neoteny.Attention;
using Neoteny.Plugins.Flex;
using Neoteny.Runtime.Native;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>The kernels against the delegates: programs over documents of many blocks.</summary>
public sealed class FlexOnCudaTests
{
    private static readonly (string[] Masks, string[] Scores, int Size, int ValueSize, int[] Lengths)[] Problems =
    [
        ([], [], 64, 64, [700, 1, 130, 257]),
        (["prefix_lm(150)"], ["alibi"], 128, 128, [300, 77]),
        (["head % 2 == 0 || q - k < 70"], ["softcap(2)", "score - 0.01f * Sqrt((float)Abs(q - k))"], 80, 64, [400, 65]),
        (["full", "k % 5 != 2 || k == q"], [], 40, 40, [200, 129]),
        (["sliding_window(100)"], ["score > 0 ? score : 0.5f * score"], 256, 256, [190]),
    ];

    [CudaFact]
    public void Kernels_agree_with_the_delegates_on_the_CPU()
    {
        var compared = 0;
        foreach (var problem in Problems)
        {
            var kernel = new FlexAttention(new FlexOptions { Masks = problem.Masks, Scores = problem.Scores });
            foreach (var (dtype, tolerance) in new[] { (ScalarType.Float32, 1e-5), (ScalarType.BFloat16, 8.0 / 512) })
            {
                using var scope = NewDisposeScope();
                manual_seed(5);
                var tokens = problem.Lengths.Sum();
                Tensor Heads(int heads, int size) => randn(tokens, heads + 1, size).to(dtype).narrow(1, 1, heads);
                var (q, k, v, g) = (Heads(4, problem.Size), Heads(2, problem.Size), Heads(2, problem.ValueSize), Heads(4, problem.ValueSize));
                var expected = Run(kernel, problem.Lengths, q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), g.to(ScalarType.Float32));
                Tensor[] actual = Run(kernel, problem.Lengths, q.cuda(), k.cuda(), v.cuda(), g.cuda());
                Tensor[] again = Run(kernel, problem.Lengths, q.cuda(), k.cuda(), v.cuda(), g.cuda());
                foreach (var (e, a, b, what) in expected.Zip(actual, again).Zip(new[] { "output", "query", "key", "value" }, (x, w) => (x.First, x.Second, x.Third, w)))
                {
                    Close.To(e, a.cpu(), tolerance, $"{string.Join(", ", [.. problem.Masks, .. problem.Scores])}, {problem.Size}, {dtype}: {what}");
                    // Where each score is computed once, sums for the queries have no fixed order.
                    Assert.True((what == "query" && problem is { Size: 64, ValueSize: 64 } && !Determinism.IsOn) || Close.Same(a, b), what);
                    compared++;
                }
            }
        }

        Assert.Equal(Problems.Length * 2 * 4, compared);
    }

    private static Tensor[] Run(FlexAttention kernel, int[] lengths, Tensor q, Tensor k, Tensor v, Tensor g)
    {
        using var layout = SequenceLayout.Of(lengths, q.device);
        var spec = new AttentionSpec
        {
            Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads,
            Scale = 1 / Math.Sqrt(q.size(2)),
            QueryHeads = 4,
            KeyHeads = 2,
            HeadSize = (int)q.size(2),
            ValueSize = (int)v.size(2),
        };
        var input = new AttentionInput { Query = q, Key = k, Value = v, Layout = layout, Spec = spec, NeedsBackward = true };
        var output = kernel.Forward(input);
        var gradients = kernel.Backward(new AttentionBackward { Input = input, Output = output.Output, LogSumExp = output.LogSumExp, OutputGradient = g });
        return [output.Output, gradients.Query, gradients.Key, gradients.Value];
    }
}
