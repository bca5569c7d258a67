using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE.Head;
using Neoteny.Plugins.CCE.Passes;
using Neoteny.Plugins.CCE.Tiles;
using Neoteny.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE;

// T tokens, H hidden, V vocabulary

/// <summary>Cut cross-entropy (Wijmans et al. 2024): head and loss over tiles of tokens and vocabulary, so that all logits never exist at once.</summary>
/// <remarks>
/// The paper fuses products and softmax in one kernel; here products are the library's, and one kernel (on the CPU one loop) between them turns a tile of logits into its gradient
/// in place. On the CPU only tokens with a trained label are computed at all, in fp32.
/// </remarks>
[Provides("cut_cross_entropy", Summary = "Cut cross-entropy: head and loss in tiles, without all logits.")]
public sealed class CutCrossEntropyLoss(CceOptions options) : ILoss
{
    private const long Megabyte = 1L << 20;

    private static readonly ITileMath Cpu = new CpuTiles();
    private static readonly ITileMath Cuda = new CudaTiles();

    /// <inheritdoc/>
    public LossFeatures Supports => LossFeatures.Softcap | LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead
        | LossFeatures.LabelSmoothing | LossFeatures.ZLoss;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">On the CPU: a label is neither -100 nor one of the vocabulary.</exception>
    public LossResult Compute(LossInput input)
    {
        using var scope = NewDisposeScope();
        var isCpu = input.Hidden.device_type == DeviceType.CPU;
        var kept = isCpu ? TrainedTokens.Of(input.Labels, input.Head.Weight.Shape[0]) : null;
        var rows = TokenRows.Fresh(kept?.Take(input.Labels) ?? input.Labels.contiguous(), kept?.Take(input.TokenWeights) ?? input.TokenWeights?.contiguous());
        var dtype = isCpu ? ScalarType.Float32 : input.Hidden.dtype;
        var hidden_TH = (kept?.Take(input.Hidden) ?? input.Hidden).to(dtype);
        var gradient_TH = rows.Count > 0 ? Run(input, hidden_TH, rows) : input.NeedsGradient ? empty_like(hidden_TH) : null;
        var rounded_TH = gradient_TH?.to(input.Hidden.dtype);
        return new LossResult
        {
            Loss = rows.Scaled.sum().MoveToOuterDisposeScope(),
            HiddenGradient = (rounded_TH is null || kept is null ? rounded_TH : kept.Spread(rounded_TH))?.MoveToOuterDisposeScope(),
            PerToken = input.Demands.HasFlag(LossFeatures.PerToken) ? (kept?.Spread(rows.Losses) ?? rows.Losses).clone().MoveToOuterDisposeScope() : null,
        };
    }

    private Tensor? Run(LossInput input, Tensor hidden_TH, TokenRows rows)
    {
        var weight = input.Head.Weight;
        var call = new LossCall(input, LossTerms.Of(input), hidden_TH, rows, null, MathOf(hidden_TH));
        if (weight.Format.Product is not null)
        {
            // Its products know no ranges of the vocabulary.
            return OnePass.Run(call, TileSizes.Whole(rows.Count, call.Vocabulary, Workspace, hidden_TH.element_size()));
        }

        using var lease = weight.Rent(hidden_TH.device_type == DeviceType.CPU ? weight.DType : hidden_TH.dtype);
        call = call with { Weight = lease.Tensor };
        return options.LowMemory ? TwoPasses.Run(call, Streamed(call, weight), options.FilterThreshold) : OnePass.Run(call, Kept(call), Within(call));
    }

    private long Workspace => options.WorkspaceMegabytes * Megabyte;

    private TileSizes Kept(LossCall call) => call.Hidden.device_type == DeviceType.CPU
        ? TileSizes.Cached(call.Tokens, call.Vocabulary, Workspace)
        : TileSizes.Whole(call.Tokens, call.Vocabulary, Workspace, call.Hidden.element_size());

    private TileSizes? Within(LossCall call) => call.Hidden.device_type == DeviceType.CPU
        ? null
        : TileSizes.Within(call.Tokens, call.Vocabulary, call.Hidden.size(1), Workspace, call.Hidden.element_size());

    private TileSizes Streamed(LossCall call, Parameter weight)
    {
        if (call.Hidden.device_type == DeviceType.CPU)
        {
            return TileSizes.StreamedInCache(call.Vocabulary);
        }

        TileSizes Sizes(long sumBytes)
        {
            var sizes = TileSizes.Streamed(call.Tokens, call.Vocabulary, Workspace, call.Hidden.element_size(), sumBytes);
            return options.FilterThreshold > 0 ? sizes.Filtered() : sizes;
        }

        var alone = Sizes(0);
        return call.Input.NeedsGradient && weight.Trains && TileSum.NeedsSum(weight, call, alone) ? Sizes(sizeof(float) * weight.Shape[1]) : alone;
    }

    private static ITileMath MathOf(Tensor hidden_TH)
        => hidden_TH.device_type == DeviceType.CPU ? Cpu : CudaTiles.Handles(hidden_TH.device_type, hidden_TH.dtype) ? Cuda : ITileMath.Composed;
}
