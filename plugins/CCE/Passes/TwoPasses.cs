using Neoteny.Plugins.CCE.Head;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

// T tokens, H hidden

/// <summary>A range of the vocabulary at a time, twice: first for every token's log-sum-exp, then, with the logits computed again, for the gradient.</summary>
/// <remarks>
/// Up to a third more operations than <see cref="OnePass"/>: the second pass goes back over the tiles, and the logits of the last are still there. In return the gradient of a range of
/// the head is complete before the next begins, so it is summed in fp32 and added to the parameter's gradient once without an fp32 copy of the whole; and blocks can be left out
/// whose gradient is known to be small.
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
        // The workspace goes before the gradient is rounded, which takes memory of its own.
        using var all = NewDisposeScope();
        var ranges = LossCall.Ranges(call.Vocabulary, sizes.Labels);
        var blockRanges = LossCall.Ranges(call.Tokens, sizes.Tokens);
        var needsGradient = call.Input.NeedsGradient;
        var gradient_TH = needsGradient ? empty(call.Hidden.shape, dtype: ScalarType.Float32, device: call.Hidden.device) : null;
        var blocks = blockRanges.Select(b => call.Block(b.From, b.Count, gradient_TH)).ToList();
        var buffer = new LogitBuffer(1, Math.Min(sizes.Tokens, call.Tokens), sizes.Labels, call.Hidden.dtype, call.Hidden.device);
        var filter = needsGradient && threshold > 0 ? new BlockFilter(threshold, call, ranges, blockRanges) : null;
        for (var r = 0; r < ranges.Count; r++)
        {
            using var scope = NewDisposeScope();
            var (first, labels) = ranges[r];
            var tile = call.Tile(first, labels);
            for (var b = 0; b < blocks.Count; b++)
            {
                using var inner = NewDisposeScope();
                var z_CN = buffer.Tile(0, blocks[b].Rows.Count, labels);
                tile.Logits(blocks[b], z_CN);
                call.Math.Gather(z_CN, first, blocks[b].Rows, call.Terms, filter?.Most(r, b));
            }
        }

        call.Rows.Finish(call.Terms);
        if (needsGradient)
        {
            filter?.Decide();
            Differentiate(call, sizes, ranges, blocks, buffer, filter);
        }

        return gradient_TH?.MoveToOuterDisposeScope();
    }

    private static void Differentiate(
        LossCall call, TileSizes sizes, IReadOnlyList<(long From, long Count)> ranges, List<TokenBlock> blocks, LogitBuffer buffer, BlockFilter? filter)
    {
        var (input, weight) = (call.Input, call.Input.Head.Weight);
        var gradients = new HeadGradients(input, sumsWeight: false);
        var sum = weight.Trains ? new TileSum(weight, call, sizes) : null;
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
                var z_CN = buffer.Tile(0, blocks[b].Rows.Count, labels);
                var isThere = r == ranges.Count - 1 && b == blocks.Count - 1;
                if (!isThere)
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

        gradients.Complete();
    }
}
