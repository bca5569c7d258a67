using Neoteny.Plugins.CCE.Head;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

// T tokens, H hidden

/// <summary>A range of the vocabulary at a time, twice: first for every token's log-sum-exp, then, with the logits kept or computed again, for the gradient.</summary>
/// <remarks>
/// The second pass goes back over the ranges. The gradient of a range of the head is complete before the next begins, so it is summed in fp32 and added to the parameter's gradient once without
/// an fp32 copy of the whole; its rows that are still to come hold logits (<see cref="KeptTiles"/>), and only those that do not fit are computed again. Blocks can be left out whose gradient is
/// known to be small.
/// </remarks>
internal static class TwoPasses
{
    /// <summary>Runs it.</summary>
    /// <param name="call">The call, with a dense weight; its rows are finished afterwards.</param>
    /// <param name="sizes">Tokens of a block, labels of a tile.</param>
    /// <param name="threshold">Blocks of the logits' gradient with no entry as large are left out; 0 for none.</param>
    /// <returns>The gradient of the hidden states <c>[T, H]</c> in fp32, or null where none is wanted.</returns>
    public static Tensor? Run(LossCall call, TileSizes sizes, double threshold)
    {
        var (input, weight) = (call.Input, call.Input.Head.Weight);
        using var all = NewDisposeScope();
        var gradients = input.NeedsGradient ? new HeadGradients(input, sumsWeight: false) : null;
        var sum = input.NeedsGradient && weight.Trains ? new TileSum(weight, call, sizes, isFull: threshold == 0) : null;
        var gradient_TH = Run(call, sizes, threshold, gradients, sum);
        gradients?.Complete();
        return gradient_TH?.MoveToOuterDisposeScope();
    }

    /// <summary>Runs it within sums that the caller begins and hands over.</summary>
    /// <param name="call">The call, with a dense weight; its rows are finished afterwards.</param>
    /// <param name="sizes">Tokens of a block, labels of a tile.</param>
    /// <param name="threshold">Blocks of the logits' gradient with no entry as large are left out; 0 for none.</param>
    /// <param name="gradients">The sums of the head's other parameters; null where no gradient is wanted.</param>
    /// <param name="sum">The sum of the weight; null where it is frozen.</param>
    /// <returns>The gradient of the hidden states <c>[T, H]</c> in fp32, or null where none is wanted.</returns>
    public static Tensor? Run(LossCall call, TileSizes sizes, double threshold, HeadGradients? gradients, TileSum? sum)
    {
        // The workspace goes before the gradient is rounded, which takes memory of its own.
        using var all = NewDisposeScope();
        var ranges = LossCall.Ranges(call.Vocabulary, sizes.Labels);
        var blockRanges = LossCall.Ranges(call.Tokens, sizes.Tokens);
        var gradient_TH = gradients is null ? null : empty(call.Hidden.shape, dtype: ScalarType.Float32, device: call.Hidden.device);
        var blocks = blockRanges.Select(b => call.Block(b.From, b.Count, gradient_TH)).ToList();
        var filter = gradients is not null && threshold > 0 ? new BlockFilter(threshold, call, ranges, blockRanges) : null;

        // Blocks that come and go, and rows that a filter leaves out, leave no rows to lend.
        var unwritten_VH = blocks.Count == 1 && filter is null ? sum?.Unwritten : null;
        var kept = new KeptTiles(Math.Min(sizes.Tokens, call.Tokens), sizes.Labels, call.Vocabulary, call.Hidden.dtype, call.Hidden.device, unwritten_VH);
        for (var r = 0; r < ranges.Count; r++)
        {
            using var scope = NewDisposeScope();
            var (first, labels) = ranges[r];
            var tile = call.Tile(first, labels);
            for (var b = 0; b < blocks.Count; b++)
            {
                using var inner = NewDisposeScope();
                var z_CN = kept.Tile(r, blocks[b].Rows.Count, labels);
                tile.Logits(blocks[b], z_CN);
                call.Math.Gather(z_CN, first, blocks[b].Rows, call.Terms, filter?.Most(r, b));
            }
        }

        call.Rows.Finish(call.Terms);
        if (gradients is not null)
        {
            filter?.Decide();
            Differentiate(call, ranges, blocks, kept, filter, gradients, sum);
        }

        return gradient_TH?.MoveToOuterDisposeScope();
    }

    private static void Differentiate(
        LossCall call, IReadOnlyList<(long From, long Count)> ranges, List<TokenBlock> blocks, KeptTiles kept, BlockFilter? filter, HeadGradients gradients, TileSum? sum)
    {
        for (var r = ranges.Count - 1; r >= 0; r--)
        {
            using var scope = NewDisposeScope();
            var (first, labels) = ranges[r];
            var tile = call.Tile(first, labels);
            var rows_NH = sum?.Rows(first, labels);
            var isEmpty = true;
            for (var b = blocks.Count - 1; b >= 0; b--)
            {
                if (filter is not null && filter.Skips(r, b))
                {
                    continue;
                }

                using var inner = NewDisposeScope();
                var z_CN = kept.Tile(r, blocks[b].Rows.Count, labels);
                if (!(kept.Holds(r) && b == blocks.Count - 1))
                {
                    tile.Logits(blocks[b], z_CN);
                }

                call.Math.Differentiate(z_CN, first, blocks[b].Rows, call.Terms);
                tile.Backward(blocks[b], z_CN, gradients, rows_NH, replaces: isEmpty && sum is { IsEmpty: true });
                isEmpty = false;
            }

            if (!isEmpty)
            {
                sum?.Complete(first, labels);
            }
        }

        foreach (var block in blocks)
        {
            if (!block.HasGradient)
            {
                block.Gradient!.zero_();
            }

            gradients.EndBlock(block);
        }
    }
}
