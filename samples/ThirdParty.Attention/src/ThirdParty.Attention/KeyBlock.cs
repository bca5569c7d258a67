using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace ThirdParty.Attention;

/// <summary>Some neighbouring keys of a document.</summary>
/// <param name="Document">The document.</param>
/// <param name="Start">The first one, counted from the document's first key.</param>
/// <param name="Count">How many.</param>
internal sealed record KeyBlock(Document Document, long Start, long Count)
{
    /// <summary>Its rows of keys or values <c>[S, Hk, D]</c> as fp32 <c>[Hq, C, D]</c>, each key head repeated for its query heads.</summary>
    public Tensor Rows(Tensor x_SHD, AttentionSpec spec)
        => x_SHD.narrow(0, Document.FirstKey + Start, Count).to(ScalarType.Float32).transpose(0, 1).repeat_interleave(spec.QueryHeads / spec.KeyHeads, 0);

    /// <summary>Scaled scores <c>[Hq, Q, C]</c>, minus infinity where a query does not see a key.</summary>
    public Tensor Scores(Tensor q_HQD, AttentionInput input)
    {
        var scores_HQC = q_HQD.bmm(Rows(input.Key, input.Spec).transpose(1, 2)).mul_(Scalars.Of(input.Spec.Scale));
        return Hidden(input.Spec, scores_HQC.device) is { } hidden_QC ? scores_HQC.masked_fill_(hidden_QC, Scalars.NegativeInfinity) : scores_HQC;
    }

    /// <summary>Sums over the query heads that share a key head: <c>[Hq, C, D]</c> to <c>[C, Hk, D]</c>.</summary>
    public static Tensor PerKeyHead(Tensor x_HCD, AttentionSpec spec)
        => x_HCD.reshape(spec.KeyHeads, spec.QueryHeads / spec.KeyHeads, x_HCD.size(1), x_HCD.size(2)).sum([1L]).transpose(0, 1);

    /// <summary>Which keys of the block a query does not see, <c>[Q, C]</c>; null where it sees all.</summary>
    private Tensor? Hidden(AttentionSpec spec, Device device)
    {
        if (!spec.HidesLater)
        {
            return null;
        }

        // The last query sees the last key: query i stands where key i + Keys - Queries does, which is that many columns to the right in this block.
        var own = Document.Keys - Document.Queries - Start;
        var all_QC = ones(Document.Queries, Count, dtype: ScalarType.Bool, device: device);
        var later_QC = all_QC.triu(own + 1);
        return spec.Demands.HasFlag(AttentionFeatures.Window) ? later_QC.logical_or(all_QC.tril(own - spec.Window)) : later_QC;
    }
}
