namespace Neoteny.Attention;

/// <summary>What attention may be asked to compute beyond plain softmax over all keys of a document. Bits are never reused.</summary>
[Flags]
public enum AttentionFeatures : long
{
    /// <summary>Plain softmax attention within each document.</summary>
    None = 0,

    /// <summary>A query sees no key after it (aligned bottom right).</summary>
    Causal = 1,

    /// <summary>A query sees only the last <see cref="AttentionSpec.Window"/> keys up to itself.</summary>
    Window = 1 << 1,

    /// <summary>Scores become <c>cap * tanh(score / cap)</c>.</summary>
    Softcap = 1 << 2,

    /// <summary>One learned logit per query head takes part in the softmax and is then dropped.</summary>
    Sinks = 1 << 3,

    /// <summary>Fewer key heads than query heads.</summary>
    GroupedHeads = 1 << 4,

    /// <summary>Values have another head size than keys.</summary>
    DistinctValueSize = 1 << 5,

    /// <summary>Documents with more keys than queries.</summary>
    UnequalLengths = 1 << 6,

    /// <summary>Forward returns the log-sum-exp, and backward takes merged outputs.</summary>
    LogSumExp = 1 << 7,

    /// <summary>The same inputs give the same bits; on CUDA in libtorch's deterministic mode (<c>deterministic: true</c>).</summary>
    Deterministic = 1 << 8,

    /// <summary>A user's score modification or block mask.</summary>
    Program = 1 << 9,
}
