using static TorchSharp.torch;

namespace Neoteny.Attention;

/// <summary>Neither windows nor softcaps nor sinks yet.</summary>
[Flags]
public enum AttentionFeatures : long
{
    /// <summary>Plain softmax attention.</summary>
    None = 0,

    /// <summary>A query sees no key after it.</summary>
    Causal = 1,

    /// <summary>Fewer key heads than query heads.</summary>
    GroupedHeads = 1 << 4,
}

/// <summary>What one attention layer computes.</summary>
public sealed class AttentionSpec
{
    /// <summary>Every optional semantic in use.</summary>
    public required AttentionFeatures Demands { get; init; }

    /// <summary>Factor on the scores.</summary>
    public required double Scale { get; init; }

    /// <summary>Query heads.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Size of a head.</summary>
    public required int HeadSize { get; init; }
}

/// <summary>One attention call.</summary>
public sealed class AttentionInput
{
    /// <summary>Queries.</summary>
    public required Tensor Query { get; init; }

    /// <summary>Keys.</summary>
    public required Tensor Key { get; init; }

    /// <summary>Values.</summary>
    public required Tensor Value { get; init; }

    /// <summary>The documents.</summary>
    public required SequenceLayout Layout { get; init; }

    /// <summary>What to compute.</summary>
    public required AttentionSpec Spec { get; init; }
}

/// <summary>What forward returns.</summary>
public sealed class AttentionOutput
{
    /// <summary>The attended values.</summary>
    public required Tensor Output { get; init; }
}

/// <summary>One backward call.</summary>
public sealed class AttentionBackward
{
    /// <summary>The input of forward.</summary>
    public required AttentionInput Input { get; init; }

    /// <summary>Gradient of the output.</summary>
    public required Tensor OutputGradient { get; init; }
}

/// <summary>What backward returns.</summary>
public sealed class AttentionGradients
{
    /// <summary>Gradient of the queries.</summary>
    public required Tensor Query { get; init; }

    /// <summary>Gradient of the keys.</summary>
    public required Tensor Key { get; init; }

    /// <summary>Gradient of the values.</summary>
    public required Tensor Value { get; init; }
}
