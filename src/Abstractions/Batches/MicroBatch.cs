using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Batches;

/// <summary>One packed row of tokens: what one forward and backward pass runs on. There is no padding and no attention mask.</summary>
/// <remarks>Owned by whoever drew it; disposing frees its tensors.</remarks>
public sealed class MicroBatch : IDisposable
{
    /// <summary>The label of a position that is not trained.</summary>
    public static readonly long Ignored = -100;

    /// <summary>Token ids, int64 <c>[T]</c>.</summary>
    public required Tensor InputIds { get; init; }

    /// <summary>Positions, int64 <c>[T]</c>; they restart with each document.</summary>
    public required Tensor PositionIds { get; init; }

    /// <summary>The token to predict at each position, int64 <c>[T]</c>, already shifted; <see cref="Ignored"/> for each document's last token and everything untrained.</summary>
    public required Tensor Labels { get; init; }

    /// <summary>The documents.</summary>
    public required SequenceLayout Layout { get; init; }

    /// <summary>How many labels are trained, counted on the host.</summary>
    public required int TrainedTokens { get; init; }

    /// <summary>Which documents only fill the row up, by index; they are left out of auxiliary losses and statistics.</summary>
    public IReadOnlyList<int> PadDocuments { get; init; } = [];

    /// <summary>Tokens of <see cref="PadDocuments"/>.</summary>
    public int PadTokens => PadDocuments.Sum(d => Layout.QueryLengths[d]);

    /// <summary>One for each token that counts and zero for padding, fp32 <c>[T]</c>; the caller disposes it.</summary>
    public Tensor CountedTokens()
    {
        var padding = PadDocuments.ToHashSet();
        var counted = Layout.QueryLengths.SelectMany((length, d) => Enumerable.Repeat(padding.Contains(d) ? 0f : 1f, length)).ToArray();
        return tensor(counted, device: InputIds.device).DetachFromDisposeScope();
    }

    /// <summary>Makes a batch from documents laid end to end.</summary>
    /// <param name="documents">Ids of each document, and labels unshifted in the Hugging Face convention (the label at t is compared with the prediction at t - 1).</param>
    /// <param name="device">Where the tensors go; null for the CPU.</param>
    /// <param name="padDocuments">Indices of the documents that only fill the row up; null for none.</param>
    public static MicroBatch Pack(IReadOnlyList<(long[] Ids, long[] Labels)> documents, Device? device = null, IReadOnlyList<int>? padDocuments = null)
    {
        var total = documents.Sum(d => d.Ids.Length);
        long[] ids = new long[total], positions = new long[total], labels = new long[total];
        var (at, trained) = (0, 0);
        foreach (var (document, unshifted) in documents)
        {
            for (var t = 0; t < document.Length; t++, at++)
            {
                ids[at] = document[t];
                positions[at] = t;
                labels[at] = t + 1 < document.Length ? unshifted[t + 1] : Ignored;
                trained += labels[at] == Ignored ? 0 : 1;
            }
        }

        return new MicroBatch
        {
            InputIds = HostData.Upload(tensor(ids), device),
            PositionIds = HostData.Upload(tensor(positions), device),
            Labels = HostData.Upload(tensor(labels), device),
            Layout = SequenceLayout.Of([.. documents.Select(d => d.Ids.Length)], device),
            TrainedTokens = trained,
            PadDocuments = padDocuments ?? [],
        };
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        InputIds.Dispose();
        PositionIds.Dispose();
        Labels.Dispose();
        Layout.Dispose();
    }
}
