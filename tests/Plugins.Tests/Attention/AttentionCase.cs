using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Attention;

/// <summary>One attention problem: heads, documents and semantics.</summary>
public sealed record AttentionCase(string Name, int QueryHeads, int KeyHeads, int HeadSize, params int[] Lengths)
{
    /// <summary>Keys of each document; null for as many as queries.</summary>
    public int[]? Keys { get; init; }

    public bool Causal { get; init; } = true;

    public int Window { get; init; }

    public double Softcap { get; init; }

    public bool Sinks { get; init; }

    public int ValueSize { get; init; }

    /// <summary>The shapes and semantics that every kernel is held against, as far as it supports them.</summary>
    public static IReadOnlyList<AttentionCase> All { get; } =
    [
        new("one token", 1, 1, 16, 1),
        new("one token, grouped", 4, 2, 32, 1),
        new("primes", 3, 1, 24, 13),
        new("one long document", 4, 4, 64, 211),
        new("many short documents", 4, 2, 16, [.. Enumerable.Range(0, 40).Select(i => 1 + (i * i % 7))]),
        new("equal neighbours", 6, 3, 40, 5, 5, 5, 2, 2, 5),
        new("head size 80", 2, 2, 80, 31, 7),
        new("head size 128", 8, 1, 128, 37),
        new("head size 256", 2, 1, 256, 17, 3),
        new("both directions", 4, 2, 16, 11, 3) { Causal = false },
        new("more keys than queries", 4, 2, 16, 1, 5, 3) { Keys = [19, 5, 11] },
        new("more keys than queries, both directions", 2, 2, 16, 4, 1) { Keys = [9, 6], Causal = false },
        new("window", 4, 2, 16, 29, 3, 1) { Window = 5 },
        new("window of one key", 2, 2, 16, 7) { Window = 1 },
        new("window larger than the document", 2, 2, 16, 7, 19) { Window = 11 },
        new("window without the causal bit", 2, 1, 16, 23, 4) { Window = 5, Causal = false },
        new("window with more keys", 4, 1, 16, 3, 1) { Keys = [17, 9], Window = 4 },
        new("softcap", 4, 2, 16, 13, 1) { Softcap = 1.5 },
        new("sinks", 4, 2, 16, 13, 1, 1, 5) { Sinks = true },
        new("sinks, window, softcap", 6, 2, 24, 13, 5) { Sinks = true, Window = 4, Softcap = 2 },
        new("distinct value size", 4, 2, 24, 11, 2) { ValueSize = 16 },
        new("everything", 4, 2, 24, 3, 1) { Keys = [11, 4], ValueSize = 40, Sinks = true, Window = 6, Softcap = 3 },
    ];

    public AttentionFeatures Demands => (Causal ? AttentionFeatures.Causal : 0)
        | (Window > 0 ? AttentionFeatures.Window : 0)
        | (Softcap > 0 ? AttentionFeatures.Softcap : 0)
        | (Sinks ? AttentionFeatures.Sinks : 0)
        | (KeyHeads < QueryHeads ? AttentionFeatures.GroupedHeads : 0)
        | (ValueSize > 0 ? AttentionFeatures.DistinctValueSize : 0)
        | (Keys is null ? 0 : AttentionFeatures.UnequalLengths);

    public AttentionSpec Spec => new()
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

    public SequenceLayout Layout() => SequenceLayout.Of(Lengths, Keys ?? Lengths);

    /// <summary>Random inputs; with <paramref name="strided"/> they are slices of wider rows, as a fused projection gives them.</summary>
    public AttentionInput Input(SequenceLayout layout, ScalarType dtype, bool strided = false)
    {
        Tensor Random(int rows, int heads, int size)
            => strided ? randn(rows, heads + 3, size).to(dtype).narrow(1, 2, heads) : randn(rows, heads, size).to(dtype);

        manual_seed(5);
        return new AttentionInput
        {
            Query = Random(layout.Tokens, QueryHeads, HeadSize),
            Key = Random(layout.Keys, KeyHeads, HeadSize),
            Value = Random(layout.Keys, KeyHeads, ValueSize == 0 ? HeadSize : ValueSize),
            Layout = layout,
            Spec = Spec,
            Sinks = Sinks ? randn(QueryHeads).to(dtype) : null,
            NeedsBackward = true,
        };
    }
}
