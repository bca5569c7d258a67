using Neoteny.Attention;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;
using Neoteny.Runtime.Cuda;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>Documents longer than the conformance suite has, where kernels change their ways.</summary>
public sealed class AttentionOnCudaTests
{
    private static readonly (string Name, int Size, int QueryHeads, int KeyHeads, int Window, bool Sinks, bool Strided, int[] Lengths)[] Problems =
    [
        ("long ones, one token between", 64, 8, 2, 0, false, false, [1700, 1, 1900, 130, 700]),
        ("slices of wider rows", 64, 8, 2, 0, false, true, [1700, 1, 1900, 130, 700]),
        ("equally long", 128, 4, 1, 0, false, true, [2048, 2048]),
        ("the last one padded beyond the row", 128, 4, 4, 0, false, false, [300, 1100]),
        ("a window", 64, 4, 2, 100, false, true, [900, 200]),
        ("sinks", 64, 4, 2, 0, true, true, [1536, 600]),
        ("a window and sinks", 128, 4, 2, 128, true, false, [1536, 600]),
        ("head size 80", 80, 4, 2, 0, false, true, [600, 77]),
        ("many", 64, 4, 2, 0, false, false, [.. Enumerable.Range(1, 70)]),
    ];

    private static IReadOnlyList<IAttention> Kernels { get; } = [new SdpaAttention(), new FlashAttention2(), new FlashAttention3(), new XformersAttention()];

    [CudaFact]
    public void Long_documents_agree_with_the_reference()
    {
        var compared = 0;
        foreach (var kernel in Kernels)
        {
            foreach (var (dtype, tolerance) in new[] { (ScalarType.Float32, 1e-5), (ScalarType.BFloat16, 8.0 / 512), (ScalarType.Float16, 8.0 / 4096) })
            {
                foreach (var problem in Problems)
                {
                    using var scope = NewDisposeScope();
                    var spec = Spec(problem.Size, problem.QueryHeads, problem.KeyHeads, problem.Window, problem.Sinks);
                    if (kernel.Refuses(spec, dtype, CUDA) is not null)
                    {
                        continue;
                    }

                    using var layout = SequenceLayout.Of(problem.Lengths, CUDA);
                    Tensor Heads(int heads) => problem.Strided
                        ? randn(layout.Tokens, heads + 3, problem.Size, device: CUDA).to(dtype).narrow(1, 2, heads) : randn(layout.Tokens, heads, problem.Size, device: CUDA).to(dtype);
                    var (q, k, v, gradient) = (Heads(problem.QueryHeads), Heads(problem.KeyHeads), Heads(problem.KeyHeads), randn(layout.Tokens, problem.QueryHeads, problem.Size, device: CUDA).to(dtype));
                    var sinks = problem.Sinks ? randn(problem.QueryHeads, device: CUDA).to(dtype) : null;
                    AttentionInput Input(ScalarType type)
                        => new() { Query = q.to(type), Key = k.to(type), Value = v.to(type), Sinks = sinks?.to(type), Layout = layout, Spec = spec, NeedsBackward = true };
                    var expected = Run(new EagerAttention(), Input(ScalarType.Float32), gradient.to(ScalarType.Float32));
                    var actual = Run(kernel, Input(dtype), gradient);
                    foreach (var ((what, e), (_, a)) in expected.Zip(actual))
                    {
                        Close.To(e.cpu(), a.cpu(), tolerance, $"{kernel.GetType().Name}, {dtype}, {problem.Name}: {what}");
                        compared++;
                    }
                }
            }
        }

        Assert.True(compared > 200, $"only {compared} comparisons");
    }

    [CudaFact]
    public void No_kernel_waits_for_the_device_on_documents_of_new_lengths()
    {
        var spec = Spec(64, 8, 2, 0, false);
        foreach (var kernel in Kernels.Where(k => k.Refuses(spec, ScalarType.BFloat16, CUDA) is null))
        {
            using var scope = NewDisposeScope();
            Tensor Heads(int heads) => randn(2000, heads, 64, dtype: ScalarType.BFloat16, device: CUDA);
            var (q, k, v, gradient) = (Heads(8), Heads(2), Heads(2), Heads(8));
            AttentionInput Input(SequenceLayout layout) => new() { Query = q, Key = k, Value = v, Layout = layout, Spec = spec, NeedsBackward = true };
            using SequenceLayout known = SequenceLayout.Of([1500, 300, 200], CUDA), fresh = SequenceLayout.Of([1501, 298, 1, 200], CUDA);
            Run(kernel, Input(known), gradient);
            using var counter = new SynchronizationCounter();
            Run(kernel, Input(fresh), gradient);
            Assert.True(counter.Count == 0, $"{kernel.GetType().Name}: {counter.Count} waits at {string.Join("; ", counter.Places)}");
        }
    }

    private static AttentionSpec Spec(int size, int queryHeads, int keyHeads, int window, bool sinks) => new()
    {
        Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads | (window > 0 ? AttentionFeatures.Window : 0) | (sinks ? AttentionFeatures.Sinks : 0),
        Scale = 1 / Math.Sqrt(size),
        QueryHeads = queryHeads,
        KeyHeads = keyHeads,
        HeadSize = size,
        Window = window,
    };

    private static List<(string What, Tensor Tensor)> Run(IAttention kernel, AttentionInput input, Tensor gradient)
    {
        using var guard = no_grad();
        var output = kernel.Forward(input);
        var gradients = kernel.Backward(new AttentionBackward { Input = input, Output = output.Output, LogSumExp = output.LogSumExp, OutputGradient = gradient, Saved = output.Saved });
        List<(string, Tensor)> results =
        [
            ("output", output.Output), ("log-sum-exp", output.LogSumExp!), ("query gradient", gradients.Query), ("key gradient", gradients.Key), ("value gradient", gradients.Value),
        ];
        if (gradients.Sinks is { } sinks)
        {
            results.Add(("sink gradient", sinks));
        }

        return results;
    }
}
