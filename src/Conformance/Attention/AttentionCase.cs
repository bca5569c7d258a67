using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>One attention problem: heads, documents and semantics.</summary>
/// <param name="Name">What is special about it.</param>
/// <param name="QueryHeads">Query heads.</param>
/// <param name="KeyHeads">Key heads.</param>
/// <param name="HeadSize">Size of a query and key head.</param>
/// <param name="Lengths">Queries of each document.</param>
public sealed record AttentionCase(string Name, int QueryHeads, int KeyHeads, int HeadSize, params int[] Lengths)
{
    /// <summary>Keys of each document; null for as many as queries.</summary>
    public int[]? Keys { get; init; }

    /// <summary>Whether a query sees no key after it.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Keys that a query sees, itself included; 0 for all.</summary>
    public int Window { get; init; }

    /// <summary>The cap on scores; 0 for none.</summary>
    public double Softcap { get; init; }

    /// <summary>Whether there are sink logits.</summary>
    public bool Sinks { get; init; }

    /// <summary>Size of a value head; 0 for that of a key head.</summary>
    public int ValueSize { get; init; }

    /// <summary>Factor on random queries: large ones make extreme scores.</summary>
    public double Spread { get; init; } = 1;

    /// <summary>Factor on the tolerance, for problems that magnify the rounding of their scores.</summary>
    public double Slack { get; init; } = 1;

    /// <summary>What else is demanded: bits that no other property stands for.</summary>
    public AttentionFeatures Further { get; init; }

    /// <summary>The spec to run instead of one made from the other properties; the lengths stay.</summary>
    public AttentionSpec? Given { get; init; }

    /// <summary>The shapes and semantics that every kernel is held against, as far as it supports them.</summary>
    public static IReadOnlyList<AttentionCase> All { get; } =
    [
        new("one token", 1, 1, 16, 1),
        new("one token, grouped", 4, 2, 32, 1),
        new("primes", 3, 1, 24, 13),
        new("one long document", 4, 4, 64, 211),
        new("many short documents", 4, 2, 16, [.. Enumerable.Range(0, 40).Select(i => 1 + (i * i % 7))]),
        new("equal neighbours", 6, 3, 40, 5, 5, 5, 2, 2, 5),
        new("head size 72", 2, 2, 72, 31, 7),
        new("head size 80", 2, 2, 80, 31, 7),
        new("head size 96", 3, 3, 96, 19),
        new("head size 128", 8, 1, 128, 37),
        new("head size 192", 2, 2, 192, 11),
        new("head size 256", 2, 1, 256, 17, 3),
        new("block borders", 2, 1, 32, 64, 65, 63, 1),
        new("both directions", 4, 2, 16, 11, 3) { Causal = false },
        new("more keys than queries", 4, 2, 16, 1, 5, 3) { Keys = [19, 5, 11] },
        new("more keys than queries, both directions", 2, 2, 16, 4, 1) { Keys = [9, 6], Causal = false },
        new("one new token each, long caches", 4, 1, 64, 1, 1, 1) { Keys = [130, 7, 1] },
        new("window", 4, 2, 16, 29, 3, 1) { Window = 5 },
        new("window of one key", 2, 2, 16, 7) { Window = 1 },
        new("window larger than the document", 2, 2, 16, 7, 19) { Window = 11 },
        new("window over blocks", 2, 1, 32, 150) { Window = 37 },
        new("window without the causal bit", 2, 1, 16, 23, 4) { Window = 5, Causal = false },
        new("window with more keys", 4, 1, 16, 3, 1) { Keys = [17, 9], Window = 4 },
        new("softcap", 4, 2, 16, 13, 1) { Softcap = 1.5 },
        new("sinks", 4, 2, 16, 13, 1, 1, 5) { Sinks = true },
        new("sinks, window, softcap", 6, 2, 24, 13, 5) { Sinks = true, Window = 4, Softcap = 2 },
        new("distinct value size", 4, 2, 24, 11, 2) { ValueSize = 16 },
        new("larger value size", 2, 2, 16, 9) { ValueSize = 32 },
        new("everything", 4, 2, 24, 3, 1) { Keys = [11, 4], ValueSize = 40, Sinks = true, Window = 6, Softcap = 3 },
        new("extreme scores", 2, 2, 16, 13, 2) { Spread = 60, Slack = 8 },
    ];

    /// <summary>Every semantic in use.</summary>
    public AttentionFeatures Demands => Given?.Demands ?? (Further
        | (Causal ? AttentionFeatures.Causal : 0)
        | (Window > 0 ? AttentionFeatures.Window : 0)
        | (Softcap > 0 ? AttentionFeatures.Softcap : 0)
        | (Sinks ? AttentionFeatures.Sinks : 0)
        | (KeyHeads < QueryHeads ? AttentionFeatures.GroupedHeads : 0)
        | (ValueSize > 0 ? AttentionFeatures.DistinctValueSize : 0)
        | (Keys is null ? 0 : AttentionFeatures.UnequalLengths));

    /// <summary>The layer that it stands for.</summary>
    public AttentionSpec Spec => Given ?? new AttentionSpec
    {
        Demands = Demands,
        Scale = 1.3 / Math.Sqrt(HeadSize),
        QueryHeads = QueryHeads,
        KeyHeads = KeyHeads,
        HeadSize = HeadSize,
        ValueSize = ValueSize,
        Window = Window,
        Softcap = Softcap,
    };

    /// <summary>A case of a given layer.</summary>
    internal static AttentionCase Of(AttentionSpec spec, string name, params int[] lengths) => new(name, spec.QueryHeads, spec.KeyHeads, spec.HeadSize, lengths)
    {
        Given = spec,
        Sinks = spec.Demands.HasFlag(AttentionFeatures.Sinks),
        ValueSize = spec.ValueSize,
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
