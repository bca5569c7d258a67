using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flash;

/// <summary>Where the documents of a row begin and how long they are, as the kernels want it: int32, filled up to a plan's capacity with empty documents.</summary>
/// <remarks>Made on the device from the layout's offsets, once a batch, without waiting for the device.</remarks>
internal sealed class RaggedTables : IDisposable
{
    private readonly Dictionary<long, Tensor> offsets = [];

    private RaggedTables(Tensor begins, Tensor lengths) => (offsets[1], Lengths) = (begins, lengths);

    /// <summary>Tokens of each document, <c>[documents]</c>.</summary>
    public Tensor Lengths { get; }

    public static RaggedTables Of(SequenceLayout layout, int documents) => layout.Derived((typeof(RaggedTables), documents), l => Make(l, documents));

    /// <summary>Where each document begins and the last one ends, in elements, <c>[documents + 1]</c>.</summary>
    /// <param name="stride">Elements from one token to the next.</param>
    public Tensor Offsets(long stride)
    {
        if (!offsets.TryGetValue(stride, out var scaled))
        {
            offsets[stride] = scaled = offsets[1].mul(Scalars.Of(stride)).DetachFromDisposeScope();
        }

        return scaled;
    }

    public void Dispose()
    {
        Lengths.Dispose();
        foreach (var tensor in offsets.Values)
        {
            tensor.Dispose();
        }
    }

    private static RaggedTables Make(SequenceLayout layout, int documents)
    {
        using var scope = NewDisposeScope();
        var index = arange(Scalars.Of(documents + 1L), dtype: ScalarType.Int64, device: layout.QueryOffsets.device).clamp_max(Scalars.Of((long)layout.QueryLengths.Count));
        var begins = layout.QueryOffsets.index_select(0, index).DetachFromDisposeScope();
        return new RaggedTables(begins, begins.narrow(0, 1, documents).sub(begins.narrow(0, 0, documents)).DetachFromDisposeScope());
    }
}
