using Neoteny.Training.Data;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>How a plain training loop lays documents out.</summary>
internal enum PlainLayout
{
    /// <summary>One row, documents end to end, attention under a block-diagonal causal mask.</summary>
    Masked,

    /// <summary>One row, documents end to end, one causal attention call a document.</summary>
    Split,

    /// <summary>One row a document, padded on the right to the longest; causal attention then needs no mask.</summary>
    Padded,
}

/// <summary>Tensors of a batch as a plain training loop prepares them. B rows, T tokens of a row.</summary>
internal sealed class PlainBatch
{
    /// <summary>Token ids, int64 <c>[B, T]</c>.</summary>
    public required Tensor Ids { get; init; }

    /// <summary>Positions within the documents, int64 <c>[B, T]</c>.</summary>
    public required Tensor Positions { get; init; }

    /// <summary>The token to predict, int64 <c>[B, T]</c>; -100 where untrained.</summary>
    public required Tensor Labels { get; init; }

    /// <summary>Additive mask <c>[1, 1, T, T]</c>, or null for plain causal attention.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>Lengths of the documents where attention runs on each apart.</summary>
    public long[]? Lengths { get; init; }

    /// <summary>Lays documents out.</summary>
    public static PlainBatch Of(IReadOnlyList<Document> documents, PlainLayout layout)
    {
        var rows = layout == PlainLayout.Padded ? documents.Select(d => new[] { d }).ToList() : [[.. documents]];
        var width = rows.Max(r => r.Sum(d => d.Length));
        return new PlainBatch
        {
            Ids = Grid(rows, width, 0, static d => d.Ids.Select(i => (long)i)),
            Positions = Grid(rows, width, 0, static d => d.Ids.Select((_, t) => (long)t)),
            Labels = Grid(rows, width, -100, static d => d.Labels.Skip(1).Select(l => (long)l).Append(-100)),
            Mask = layout == PlainLayout.Masked ? BlockDiagonal(documents, width) : null,
            Lengths = layout == PlainLayout.Split ? [.. documents.Select(d => (long)d.Length)] : null,
        };
    }

    private static Tensor Grid(List<Document[]> rows, int width, long padding, Func<Document, IEnumerable<long>> values)
        => tensor(rows.SelectMany(r => Padded([.. r.SelectMany(values)], width, padding)).ToArray()).view(rows.Count, width);

    private static IEnumerable<long> Padded(long[] values, int width, long padding) => values.Concat(Enumerable.Repeat(padding, width - values.Length));

    private static Tensor BlockDiagonal(IReadOnlyList<Document> documents, int width)
    {
        using var scope = NewDisposeScope();
        var document = tensor(documents.SelectMany((d, i) => Enumerable.Repeat((long)i, d.Length)).ToArray());
        var visible = document.unsqueeze(1).eq(document.unsqueeze(0)).tril();
        return zeros(width, width).masked_fill_(visible.logical_not(), float.NegativeInfinity).view(1, 1, width, width).MoveToOuterDisposeScope();
    }
}
