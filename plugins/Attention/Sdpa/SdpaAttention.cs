using Neoteny.Attention;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

/// <summary>libtorch's fused attention: its blocked CPU kernel a run of documents at a time, FlashAttention-2 over the packed row on CUDA.</summary>
/// <remarks>Dao et al. 2022 and 2023. Memory grows with the tokens, not with their square.</remarks>
[Provides("sdpa", Summary = "libtorch's fused kernels; the default.")]
public sealed class SdpaAttention : IAttention
{
    private static readonly AtenScript Script = new("""
        def cpu(q, k, v, mask: Optional[Tensor], causal: bool, scale: float) -> List[Tensor]:
            r = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal, attn_mask=mask, scale=scale)
            return [r[0], r[1]]

        def cpu_backward(g, q, k, v, o, lse, mask: Optional[Tensor], causal: bool, scale: float) -> List[Tensor]:
            r = torch._scaled_dot_product_flash_attention_for_cpu_backward(g, q, k, v, o, lse, 0.0, causal, attn_mask=mask, scale=scale)
            return [r[0], r[1], r[2]]

        def cuda(q, k, v, cq, ck, mq: int, mk: int, causal: bool, scale: float, left: Optional[int], right: Optional[int]) -> List[Tensor]:
            r = torch._flash_attention_forward(q, k, v, cq, ck, mq, mk, 0.0, causal, False, scale=scale, window_size_left=left, window_size_right=right)
            return [r[0], r[1], r[2], r[3]]

        def cuda_backward(g, q, k, v, o, lse, cq, ck, mq: int, mk: int, causal: bool, state, unused, scale: float, left: Optional[int], right: Optional[int]) -> List[Tensor]:
            r = torch._flash_attention_backward(g, q, k, v, o, lse, cq, ck, mq, mk, 0.0, causal, state, unused, scale=scale, window_size_left=left, window_size_right=right)
            return [r[0], r[1], r[2]]
        """);

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads
        | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks;

    /// <inheritdoc/>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device) => device.type switch
    {
        DeviceType.CUDA when dtype is not (ScalarType.BFloat16 or ScalarType.Float16) => $"on CUDA it computes in bf16 and fp16 only, not {dtype}; choose 'eager' for fp32",
        DeviceType.CUDA when spec.HeadSize > 256 => $"head size {spec.HeadSize} is above 256",
        _ => null,
    };

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input)
        => SinkColumn.AddTo(input.Query.device_type == DeviceType.CUDA ? ForwardCuda(input) : ForwardCpu(input), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
        => SinkColumn.AddTo(backward.Input.Query.device_type == DeviceType.CUDA ? BackwardCuda(backward) : BackwardCpu(backward), backward);

    private static AttentionOutput ForwardCpu(AttentionInput input)
    {
        List<Tensor> outputs = [], sums = [];
        foreach (var run in DocumentRun.Of(input.Layout))
        {
            var (q, k, v) = Heads(input, run);
            var (mask, causal) = Mask(input, run);
            var result = Script.CallMany("cpu", q, k, v, mask, causal, input.Spec.Scale);
            outputs.Add(Rows(result[0]));
            sums.Add(result[1].transpose(1, 2).reshape(run.QueryRows, -1));
        }

        return new AttentionOutput { Output = Whole(outputs), LogSumExp = Whole(sums) };
    }

    private static AttentionGradients BackwardCpu(AttentionBackward backward)
    {
        var input = backward.Input;
        List<Tensor> queries = [], keys = [], values = [];
        foreach (var run in DocumentRun.Of(input.Layout))
        {
            var (q, k, v) = Heads(input, run);
            var (mask, causal) = Mask(input, run);
            var lse = backward.LogSumExp!.narrow(0, run.QueryStart, run.QueryRows).reshape(run.Count, run.Queries, -1).transpose(1, 2).contiguous();
            var gradients = Script.CallMany(
                "cpu_backward", Batched(backward.OutputGradient, run.QueryStart, run.Count, run.Queries), q, k, v,
                Batched(backward.Output, run.QueryStart, run.Count, run.Queries), lse, mask, causal, input.Spec.Scale);
            queries.Add(Rows(gradients[0]));
            keys.Add(Ungrouped(gradients[1], input.Spec));
            values.Add(Ungrouped(gradients[2], input.Spec));
        }

        return new AttentionGradients { Query = Whole(queries), Key = Whole(keys), Value = Whole(values) };
    }

    private static AttentionOutput ForwardCuda(AttentionInput input)
    {
        var (layout, spec) = (input.Layout, input.Spec);
        var result = Script.CallMany(
            "cuda", input.Query, input.Key, input.Value, layout.QueryOffsets, layout.KeyOffsets, layout.MaxQueryLength, layout.MaxKeyLength,
            AttentionMask.HidesLater(spec), spec.Scale, Left(spec), Right(spec));
        return new AttentionOutput { Output = result[0], LogSumExp = result[1].transpose(0, 1).contiguous(), Saved = [result[2], result[3]] };
    }

    private static AttentionGradients BackwardCuda(AttentionBackward backward)
    {
        var (input, layout, spec) = (backward.Input, backward.Input.Layout, backward.Input.Spec);
        var gradients = Script.CallMany(
            "cuda_backward", backward.OutputGradient.contiguous(), input.Query, input.Key, input.Value, backward.Output,
            backward.LogSumExp!.transpose(0, 1).contiguous(), layout.QueryOffsets, layout.KeyOffsets, layout.MaxQueryLength, layout.MaxKeyLength,
            AttentionMask.HidesLater(spec), backward.Saved[0], backward.Saved[1], spec.Scale, Left(spec), Right(spec));
        return new AttentionGradients { Query = gradients[0], Key = gradients[1], Value = gradients[2] };
    }

    private static object? Left(AttentionSpec spec) => spec.Demands.HasFlag(AttentionFeatures.Window) ? spec.Window - 1 : null;

    private static object? Right(AttentionSpec spec) => spec.Demands.HasFlag(AttentionFeatures.Window) ? 0 : null;

    /// <summary>The kernel's own causal mode where queries and keys are equally many; a mask where they are not, or with a window.</summary>
    private static (Tensor? Mask, bool Causal) Mask(AttentionInput input, DocumentRun run)
    {
        var windowed = input.Spec.Demands.HasFlag(AttentionFeatures.Window) && input.Spec.Window < run.Keys;
        if (!windowed && run.Queries == run.Keys)
        {
            return (null, AttentionMask.HidesLater(input.Spec));
        }

        var hidden = AttentionMask.Hidden(input.Spec, run.Queries, run.Keys, input.Query.device);
        return (hidden is null ? null : zeros(hidden.shape, dtype: input.Query.dtype).masked_fill_(hidden, Runtime.Scalars.NegativeInfinity), false);
    }

    private static (Tensor Query, Tensor Key, Tensor Value) Heads(AttentionInput input, DocumentRun run)
    {
        var groups = input.Spec.QueryHeads / input.Spec.KeyHeads;
        return (Batched(input.Query, run.QueryStart, run.Count, run.Queries),
            Repeated(Batched(input.Key, run.KeyStart, run.Count, run.Keys), groups),
            Repeated(Batched(input.Value, run.KeyStart, run.Count, run.Keys), groups));
    }

    /// <summary>Rows of a run as a view <c>[n, heads, L, D]</c>.</summary>
    private static Tensor Batched(Tensor x, int start, int count, int length)
        => x.narrow(0, start, (long)count * length).view(count, length, x.size(1), x.size(2)).transpose(1, 2);

    private static Tensor Repeated(Tensor x, int groups)
        => groups == 1 ? x : x.unsqueeze(2).expand(-1, -1, groups, -1, -1).reshape(x.size(0), x.size(1) * groups, x.size(2), x.size(3));

    private static Tensor Rows(Tensor x_nHLD) => x_nHLD.transpose(1, 2).reshape(-1, x_nHLD.size(1), x_nHLD.size(3));

    private static Tensor Ungrouped(Tensor x_nHLD, AttentionSpec spec)
    {
        var groups = spec.QueryHeads / spec.KeyHeads;
        return Rows(groups == 1 ? x_nHLD : x_nHLD.reshape(x_nHLD.size(0), spec.KeyHeads, groups, x_nHLD.size(2), x_nHLD.size(3)).sum(2));
    }

    private static Tensor Whole(List<Tensor> parts) => (parts.Count == 1 ? parts[0] : cat([.. parts])).contiguous();
}
