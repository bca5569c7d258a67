using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

// T tokens, V vocabulary, H hidden

/// <summary>Where the logits of two passes lie: in one tile of workspace, or, to be there still in the second pass, in rows of the head's gradient that hold nothing yet.</summary>
/// <remarks>
/// The second pass goes from the last range of the vocabulary to the first and writes the gradient's rows of one range after the other. The logits of range r may therefore lie in
/// the rows of ranges below r: those are written after they have been read. Kept tiles lie one below the other from the first row of the last range down, each as far from the next as a
/// range's rows are long, or as a tile is where that is longer. With rows as long as a tile (8192 tokens in bf16 and H=4096 in fp32) all ranges but the first are kept. The workspace
/// still holds the last range that went through it.
/// </remarks>
internal sealed class KeptTiles
{
    private static readonly AtenOperator ViewAs = new("aten::view", "dtype");

    private readonly LogitBuffer workspace;
    private readonly Tensor? lent;
    private readonly int ranges;
    private readonly long top;
    private readonly long stride;

    /// <summary>Lays tiles out; belongs to the dispose scope around.</summary>
    /// <param name="tokens">T, the most tokens of a tile.</param>
    /// <param name="labels">Labels of a range.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="dtype">The logits' dtype: fp32, bf16 or fp16.</param>
    /// <param name="device">Where.</param>
    /// <param name="unwritten_VH">The head's gradient, without gaps, whose rows are written from the last range to the first; null where there is none to lend. Holds logits in between.</param>
    public KeptTiles(long tokens, long labels, long vocabulary, ScalarType dtype, Device device, Tensor? unwritten_VH)
    {
        ranges = (int)((vocabulary + labels - 1) / labels);
        workspace = new LogitBuffer(1, tokens, labels, dtype, device);
        FirstKept = ranges;
        if (unwritten_VH is null || !unwritten_VH.is_contiguous() || ranges < 2)
        {
            return;
        }

        lent = ViewedAs(unwritten_VH.view(-1), dtype);
        var rows = lent.numel() / vocabulary * labels;
        top = (ranges - 1) * rows;
        stride = Math.Max(rows, workspace.Length);
        FirstKept = ranges - (int)(top / stride);
    }

    /// <summary>The first range whose logits are kept, as are those of all ranges after it; the number of ranges where none is.</summary>
    public int FirstKept { get; }

    /// <summary>Whether the second pass finds the logits of a range, where all tokens are one block: in the gradient's rows, or in the workspace.</summary>
    public bool Holds(int range) => range >= FirstKept - 1;

    /// <summary>A range's logits <c>[rows, columns]</c>, a view in the dispose scope around.</summary>
    /// <param name="range">Which range of the vocabulary.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="columns">Labels.</param>
    public Tensor Tile(int range, long rows, long columns)
        => range < FirstKept ? workspace.Tile(0, rows, columns) : workspace.Shape(lent!, top - ((ranges - range) * stride), rows, columns);

    /// <summary>The same bytes as elements of another type; a view in the dispose scope around.</summary>
    private static Tensor ViewedAs(Tensor memory, ScalarType dtype)
    {
        if (memory.dtype == dtype)
        {
            return memory;
        }

        using var view = ViewAs.Call(memory, (long)dtype);
        return view.alias();
    }
}
