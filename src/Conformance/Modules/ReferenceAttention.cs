using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>The naive reference as a kernel: computes in fp64 on the CPU, whatever the inputs.</summary>
internal sealed class ReferenceAttention : IAttention
{
    public static ReferenceAttention Instance { get; } = new();

    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.Softcap | AttentionFeatures.Sinks
        | AttentionFeatures.GroupedHeads | AttentionFeatures.DistinctValueSize | AttentionFeatures.UnequalLengths | AttentionFeatures.Deterministic;

    public AttentionOutput Forward(AttentionInput input)
    {
        var size = input.Value.size(2);
        var result = AttentionReference.Run(input, zeros(input.Query.size(0), input.Query.size(1), size));
        return new AttentionOutput { Output = result.Output.to(input.Query.dtype).to(input.Query.device) };
    }

    public AttentionGradients Backward(AttentionBackward backward)
    {
        var result = AttentionReference.Run(backward.Input, backward.OutputGradient);
        Tensor Like(Tensor gradient, Tensor tensor) => gradient.to(tensor.dtype).to(tensor.device);
        return new AttentionGradients
        {
            Query = Like(result.Query, backward.Input.Query),
            Key = Like(result.Key, backward.Input.Key),
            Value = Like(result.Value, backward.Input.Value),
            Sinks = result.Sinks is { } s ? Like(s, backward.Input.Sinks!) : null,
        };
    }
}
