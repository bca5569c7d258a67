using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

// R ranges of the vocabulary, B blocks of tokens, T tokens

/// <summary>Which blocks of the logits' gradient are too small to matter (Wijmans et al. 2024, section 4.3), decided between the two passes.</summary>
/// <remarks>
/// The first pass leaves the largest logit of each token in each range. With the log-sum-exp it bounds the gradient per unit of scale and weight:
/// <c>(1 + 2 k lse) exp(most - lse) + e / V</c>. Ranges that hold the label of a token are kept. The decision waits for the device once a call: the table
/// <c>[B, R]</c> is read by the host.
/// </remarks>
internal sealed class BlockFilter
{
    private readonly double threshold;
    private readonly LossCall call;
    private readonly IReadOnlyList<(long From, long Count)> ranges;
    private readonly IReadOnlyList<(long From, long Count)> blocks;
    private readonly Tensor most_RT;
    private float[] bounds = [];

    /// <summary>Starts; belongs to the dispose scope around.</summary>
    public BlockFilter(double threshold, LossCall call, IReadOnlyList<(long From, long Count)> ranges, IReadOnlyList<(long From, long Count)> blocks)
    {
        (this.threshold, this.call, this.ranges, this.blocks) = (threshold, call, ranges, blocks);
        most_RT = full([ranges.Count, call.Tokens], Scalars.Of((double)TokenRows.Lowest), dtype: ScalarType.Float32, device: call.Hidden.device);
    }

    /// <summary>Where the largest logits of a tile go.</summary>
    public Tensor Most(int range, int block) => most_RT.select(0, range).narrow(0, blocks[block].From, blocks[block].Count);

    /// <summary>Makes the decision from the finished rows.</summary>
    public void Decide()
    {
        using var scope = NewDisposeScope();
        var (rows, terms) = (call.Rows, call.Terms);
        var lse_T = rows.LogSumExp;
        var bound_RT = most_RT.sub(lse_T).exp_().mul_(lse_T.abs().mul_(Scalars.Of(2 * terms.ZFactor)).add_(Scalars.One, Scalars.One)).add_(Scalars.Of(terms.Share), Scalars.One);
        var range_1T = rows.Labels.clamp_min(Scalars.Of(0L)).floor_divide(Scalars.Of(ranges[0].Count)).unsqueeze(0);
        bound_RT.scatter_(0, range_1T, ones_like(range_1T, dtype: ScalarType.Float32));
        bound_RT.masked_fill_(rows.Labels.lt(Scalars.Of(0L)), Scalars.Zero);
        var table_BR = stack([.. blocks.Select(b => bound_RT.narrow(1, b.From, b.Count).amax([1]))]);
        bounds = [.. table_BR.cpu().data<float>()];
    }

    /// <summary>Whether a tile is left out.</summary>
    public bool Skips(int range, int block) => bounds[(block * ranges.Count) + range] < threshold;
}
