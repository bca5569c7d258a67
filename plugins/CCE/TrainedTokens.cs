using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE;

/// <summary>The tokens with a label, in CPU memory: what is computed at all.</summary>
internal sealed class TrainedTokens
{
    private readonly Tensor? places;
    private readonly long all;

    private TrainedTokens(Tensor? places, long all) => (this.places, this.all) = (places, all);

    /// <summary>Finds them; belongs to the dispose scope around.</summary>
    /// <param name="labels_T">Labels; -100 is ignored.</param>
    /// <param name="vocabulary">How many labels there are.</param>
    /// <exception cref="ArgumentException">A label is neither -100 nor one of the vocabulary.</exception>
    public static TrainedTokens Of(Tensor labels_T, long vocabulary)
    {
        var (places, token) = (new List<long>(), 0L);
        using var labels = labels_T.contiguous();
        foreach (var label in labels.data<long>())
        {
            if (label >= vocabulary || (label < 0 && label != -100))
            {
                throw new ArgumentException($"The label of token {token} is {label}, which is neither -100 nor below the vocabulary's size {vocabulary}.", nameof(labels_T));
            }

            if (label >= 0)
            {
                places.Add(token);
            }

            token++;
        }

        return new TrainedTokens(places.Count == token ? null : tensor(places, dtype: ScalarType.Int64), token);
    }

    /// <summary>Their rows, without gaps; all of them as they are, where every token has a label. Null of nothing.</summary>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(rows))]
    public Tensor? Take(Tensor? rows) => places is null ? rows?.contiguous() : rows?.index_select(0, places);

    /// <summary>Rows of theirs in their places among zeros; may be the same tensor.</summary>
    public Tensor Spread(Tensor rows)
        => places is null ? rows : zeros([all, .. rows.shape[1..]], dtype: rows.dtype, device: rows.device).index_copy_(0, places, rows);
}
