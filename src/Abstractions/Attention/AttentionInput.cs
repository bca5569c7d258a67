using static TorchSharp.torch;

namespace Neoteny.Attention;

/// <summary>One attention call. T queries, S keys, Hq query heads, Hk key heads, D head size, Dv value size.</summary>
/// <remarks>All tensors are borrowed and read only; rows are contiguous in their last dimension, outer strides are free.</remarks>
public sealed class AttentionInput
{
    /// <summary>Queries <c>[T, Hq, D]</c>.</summary>
    public required Tensor Query { get; init; }

    /// <summary>Keys <c>[S, Hk, D]</c>.</summary>
    public required Tensor Key { get; init; }

    /// <summary>Values <c>[S, Hk, Dv]</c>.</summary>
    public required Tensor Value { get; init; }

    /// <summary>The documents.</summary>
    public required SequenceLayout Layout { get; init; }

    /// <summary>What to compute.</summary>
    public required AttentionSpec Spec { get; init; }

    /// <summary>Sink logits <c>[Hq]</c> when <see cref="AttentionFeatures.Sinks"/> is demanded.</summary>
    public Tensor? Sinks { get; init; }

    /// <summary>Whether backward may follow; without it nothing need be saved.</summary>
    public bool NeedsBackward { get; init; }
}

/// <summary>What forward returns. Ownership of every tensor goes to the caller.</summary>
public sealed class AttentionOutput
{
    /// <summary>The attended values <c>[T, Hq, Dv]</c>, in the dtype of the queries.</summary>
    public required Tensor Output { get; init; }

    /// <summary>Natural log-sum-exp of the scaled scores <c>[T, Hq]</c>, fp32; null where the implementation keeps its statistics in <see cref="Saved"/>.</summary>
    public Tensor? LogSumExp { get; init; }

    /// <summary>Further tensors for this implementation's own backward.</summary>
    public IReadOnlyList<Tensor> Saved { get; init; } = [];
}

/// <summary>One backward call.</summary>
public sealed class AttentionBackward
{
    /// <summary>The input of forward.</summary>
    public required AttentionInput Input { get; init; }

    /// <summary>The output of forward, or one merged from several key blocks.</summary>
    public required Tensor Output { get; init; }

    /// <summary>The log-sum-exp of forward, or the merged one.</summary>
    public Tensor? LogSumExp { get; init; }

    /// <summary>Gradient of the output, <c>[T, Hq, Dv]</c>.</summary>
    public required Tensor OutputGradient { get; init; }

    /// <summary>What forward saved.</summary>
    public IReadOnlyList<Tensor> Saved { get; init; } = [];
}

/// <summary>What backward returns. Ownership goes to the caller.</summary>
public sealed class AttentionGradients
{
    /// <summary>Gradient of the queries, in their shape and dtype.</summary>
    public required Tensor Query { get; init; }

    /// <summary>Gradient of the keys.</summary>
    public required Tensor Key { get; init; }

    /// <summary>Gradient of the values.</summary>
    public required Tensor Value { get; init; }

    /// <summary>Gradient of the sinks <c>[Hq]</c>, where there are any.</summary>
    public Tensor? Sinks { get; init; }
}
