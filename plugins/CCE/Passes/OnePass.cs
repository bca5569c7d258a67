using Neoteny.Plugins.CCE.Head;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

// T tokens, H hidden

/// <summary>A block of tokens at a time: its logits are kept from the statistics to the gradient, so every product is computed once.</summary>
/// <remarks>
/// With one tile for the whole vocabulary (on a device) statistics and gradient are one kernel. With several (on the CPU) each is worked on while it is in cache. A sum of the head's gradient
/// that holds nothing yet serves as memory for the logits of the first block, which is larger for it: as many tokens as its rows hold. Their gradient is then one product, not one for each of
/// the blocks that the workspace holds, all of which read and write the sum.
/// </remarks>
internal static class OnePass
{
    /// <summary>Runs it.</summary>
    /// <param name="call">The call; its rows are finished afterwards.</param>
    /// <param name="sizes">Tokens of a block, labels of a tile.</param>
    /// <param name="within">Tokens of the first block and labels of its ranges, where the sum of the head's gradient holds its logits; null for no such block.</param>
    /// <returns>The gradient of the hidden states <c>[T, H]</c> in their dtype or fp32, or null where none is wanted.</returns>
    public static Tensor? Run(LossCall call, TileSizes sizes, TileSizes? within = null)
    {
        using var all = NewDisposeScope();
        var gradients = call.Input.NeedsGradient ? new HeadGradients(call.Input, sumsWeight: call.Weight is not null) : null;
        var first_TH = within is { } large && gradients?.Weight is { IsEmpty: true } sum
            ? TwoPasses.Run(call.Part(0, Math.Min(large.Tokens, call.Tokens)), large, 0, gradients, TileSum.Within(sum.Rows(0, call.Vocabulary)))
            : null;
        var gradient_TH = first_TH?.size(0) == call.Tokens ? first_TH : Blocks(call, sizes, gradients, first_TH);
        gradients?.Complete();
        return gradient_TH?.MoveToOuterDisposeScope();
    }

    /// <summary>The tokens after the first, whose gradient there is already and is let go.</summary>
    private static Tensor? Blocks(LossCall call, TileSizes sizes, HeadGradients? gradients, Tensor? first_TH)
    {
        var done = first_TH?.size(0) ?? 0;
        var gradient_TH = gradients is null ? null : empty_like(call.Hidden);
        if (first_TH is not null)
        {
            gradient_TH!.narrow(0, 0, done).copy_(first_TH);
            first_TH.Dispose();
        }

        var ranges = LossCall.Ranges(call.Vocabulary, sizes.Labels);
        var buffer = new LogitBuffer(ranges.Count, Math.Min(sizes.Tokens, call.Tokens - done), sizes.Labels, call.Hidden.dtype, call.Hidden.device);
        var whole = ranges.Count == 1 ? call.Tile(0, call.Vocabulary) : null;
        foreach (var (start, count) in LossCall.Ranges(call.Tokens - done, sizes.Tokens))
        {
            using var scope = NewDisposeScope();
            var block = call.Block(done + start, count, gradient_TH);
            var isFirst = done + start == 0;
            if (whole is null)
            {
                Tiled(call, block, ranges, buffer, gradients, isFirst);
            }
            else
            {
                var z_CV = buffer.Tile(0, count, call.Vocabulary);
                whole.Logits(block, z_CV);
                call.Math.Whole(z_CV, block.Rows, call.Terms, gradients is not null);
                Backward(whole, block, z_CV, gradients, isFirst);
            }

            gradients?.EndBlock(block);
        }

        return gradient_TH;
    }

    private static void Tiled(LossCall call, TokenBlock block, IReadOnlyList<(long From, long Count)> ranges, LogitBuffer buffer, HeadGradients? gradients, bool isFirst)
    {
        for (var r = 0; r < ranges.Count; r++)
        {
            using var scope = NewDisposeScope();
            var (first, labels) = ranges[r];
            var z_CN = buffer.Tile(r, block.Rows.Count, labels);
            call.Tile(first, labels).Logits(block, z_CN);
            call.Math.Gather(z_CN, first, block.Rows, call.Terms, null);
        }

        block.Rows.Finish(call.Terms);
        if (gradients is null)
        {
            return;
        }

        for (var r = 0; r < ranges.Count; r++)
        {
            using var scope = NewDisposeScope();
            var (first, labels) = ranges[r];
            var z_CN = buffer.Tile(r, block.Rows.Count, labels);
            call.Math.Differentiate(z_CN, first, block.Rows, call.Terms);
            Backward(call.Tile(first, labels), block, z_CN, gradients, isFirst);
        }
    }

    private static void Backward(HeadTile tile, TokenBlock block, Tensor dz_CN, HeadGradients? gradients, bool isFirst)
    {
        using var scope = NewDisposeScope();
        if (gradients is not null)
        {
            tile.Backward(block, dz_CN, gradients, gradients.Weight?.Rows(tile.First, tile.Count), isFirst && gradients.Weight is { IsEmpty: true });
        }
    }
}
