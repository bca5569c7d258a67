using Neoteny.Plugins.CCE.Head;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Passes;

// T tokens, H hidden

/// <summary>A block of tokens at a time: its logits are kept from the statistics to the gradient, so every product is computed once.</summary>
/// <remarks>With one tile for the whole vocabulary (on a device) statistics and gradient are one kernel. With several (on the CPU) each is worked on while it is in cache.</remarks>
internal static class OnePass
{
    /// <summary>Runs it.</summary>
    /// <param name="call">The call; its rows are finished afterwards.</param>
    /// <param name="sizes">Tokens of a block, labels of a tile.</param>
    /// <returns>The gradient of the hidden states <c>[T, H]</c> in their dtype, or null where none is wanted.</returns>
    public static Tensor? Run(LossCall call, TileSizes sizes)
    {
        using var all = NewDisposeScope();
        var gradients = call.Input.NeedsGradient ? new HeadGradients(call.Input, sumsWeight: call.Weight is not null) : null;
        var gradient_TH = gradients is null ? null : empty_like(call.Hidden);
        var ranges = LossCall.Ranges(call.Vocabulary, sizes.Labels);
        var buffer = new LogitBuffer(ranges.Count, Math.Min(sizes.Tokens, call.Tokens), sizes.Labels, call.Hidden.dtype, call.Hidden.device);
        var whole = ranges.Count == 1 ? call.Tile(0, call.Vocabulary) : null;
        foreach (var (from, count) in LossCall.Ranges(call.Tokens, sizes.Tokens))
        {
            using var scope = NewDisposeScope();
            var block = call.Block(from, count, gradient_TH);
            if (whole is null)
            {
                Tiled(call, block, ranges, buffer, gradients, from == 0);
            }
            else
            {
                var z_CV = buffer.Tile(0, count, call.Vocabulary);
                whole.Logits(block, z_CV);
                call.Math.Whole(z_CV, block.Rows, call.Terms, gradients is not null);
                Backward(whole, block, z_CV, gradients, from == 0);
            }

            gradients?.EndBlock(block);
        }

        gradients?.Complete();
        return gradient_TH?.MoveToOuterDisposeScope();
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
