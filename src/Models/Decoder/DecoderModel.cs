using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>A decoder-only language model on the tape.</summary>
/// <remarks>Owns its parameters and sites. Made by <see cref="DecoderBuilder"/>. One compute thread.</remarks>
public sealed class DecoderModel : IModuleTree, IDisposable
{
    private readonly DecoderLayer[] layers;
    private readonly ModuleSite embedding;
    private readonly ModuleSite finalNorm;
    private readonly ModuleSite head;

    private readonly RotaryTable[] rotaries;

    internal DecoderModel(DecoderSpec spec, DecoderParts parts)
    {
        (Spec, Sites, Attention) = (spec, parts.Sites, parts.Attention);
        rotaries = [.. spec.Rotaries.Select(r => new RotaryTable(r))];
        (layers, embedding, finalNorm, head) = (parts.Layers, parts.Embedding, parts.FinalNorm, parts.Head);
        BaseParameters = [.. Sites.SelectMany(s => s.Parameters).Distinct()];
    }

    /// <summary>What the model is made of.</summary>
    public DecoderSpec Spec { get; }

    /// <inheritdoc/>
    public IReadOnlyList<ModuleSite> Sites { get; }

    /// <summary>The checkpoint's parameters, each once, in the model's order.</summary>
    public IReadOnlyList<Parameter> BaseParameters { get; }

    /// <summary>All parameters: the checkpoint's, then what adapters added.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. BaseParameters, .. Sites.SelectMany(s => s.Added)];

    /// <summary>The attention kernel of every layer.</summary>
    public Slot<IAttention> Attention { get; }

    /// <summary>The output head of the moment.</summary>
    public IHead Head => (IHead)head.Current;

    /// <summary>Whether layers are checkpointed: their inputs are kept and they run again in backward.</summary>
    public bool CheckpointsLayers { get; set; }

    /// <summary>Where the parameters are.</summary>
    public Device Device => BaseParameters[0].Device;

    /// <summary>Runs the decoder.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="ids_T">Token ids, int64 <c>[T]</c>.</param>
    /// <param name="positions_T">Positions, int64 <c>[T]</c>.</param>
    /// <param name="layout">The documents of the row.</param>
    /// <param name="cache">Keys and values of earlier tokens, in generation.</param>
    /// <returns>Hidden states after the last norm, <c>[T, H]</c>.</returns>
    public Value Forward(Tape tape, Tensor ids_T, Tensor positions_T, SequenceLayout layout, IKeyValueCache? cache = null)
        => Run(tape, ids_T, positions_T, layout, cache).Hidden;

    /// <summary>Whether keys and values must be computed anew when the longest sequence of a call grows past a border of the rotary scaling (LongRoPE).</summary>
    /// <param name="before">The longest length so far, in tokens.</param>
    /// <param name="after">The longest length of the next call.</param>
    public bool OutdatesCache(int before, int after) => rotaries.Any(r => r.Outdates(before, after));

    /// <summary>Runs the decoder and its loss.</summary>
    /// <param name="tape">The tape to record on; with a recording tape, head gradients are added to the parameters at once.</param>
    /// <param name="batch">The row.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="scale">Factor on the sum over tokens.</param>
    /// <returns>The scaled loss, fp32 scalar; a root for <see cref="Tape.AddLoss"/>.</returns>
    public Value ComputeLoss(Tape tape, MicroBatch batch, ILoss loss, double scale)
        => Loss(tape, Forward(tape, batch.InputIds, batch.PositionIds, batch.Layout), batch, loss, scale);

    /// <summary>Runs the decoder, its loss, and the routers' load balancing loss where <see cref="DecoderSpec.RouterLossFactor"/> asks for it.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="batch">The row; its padding is left out of the balance.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="scale">Factor on the sum over tokens.</param>
    /// <param name="routerScale">Factor on the balance beside the model's own: one over the micro-batches of the step.</param>
    /// <returns>The losses; <see cref="ModelLosses.AddTo"/> makes them roots.</returns>
    public ModelLosses ComputeLosses(Tape tape, MicroBatch batch, ILoss loss, double scale, double routerScale = 1)
    {
        var (hidden, logits) = Run(tape, batch.InputIds, batch.PositionIds, batch.Layout, null);
        var balance = Spec.RouterLossFactor == 0 || logits.Count == 0 ? null : Balance(tape, batch, logits);
        return new ModelLosses { Loss = Loss(tape, hidden, batch, loss, scale), RouterLoss = balance, RouterFactor = Spec.RouterLossFactor * routerScale };
    }

    /// <summary>What this model's head demands of a loss.</summary>
    public LossFeatures LossDemands => (Head.Bias is null ? 0 : LossFeatures.Bias)
        | (Head.Softcap == 0 ? 0 : LossFeatures.Softcap)
        | (Head.Deltas.Count == 0 ? 0 : LossFeatures.AdaptedHead);

    /// <summary>Frees all parameters.</summary>
    public void Dispose()
    {
        foreach (var parameter in Parameters)
        {
            parameter.Dispose();
        }

        foreach (var rotary in rotaries)
        {
            rotary.Dispose();
        }
    }

    private (Value Hidden, List<Value> RouterLogits) Run(Tape tape, Tensor ids_T, Tensor positions_T, SequenceLayout layout, IKeyValueCache? cache)
    {
        RowContext[] rows = [.. rotaries.Select(r => new RowContext { Layout = layout, Angles = tape.Keep(r.Angles(positions_T, layout)), Cache = cache })];
        var x_TH = ((IEmbedding)embedding.Current).Forward(tape, ids_T);
        var routerLogits = new List<Value>();
        for (var i = 0; i < layers.Length; i++)
        {
            var layer = layers[i];
            var outputs = tape.Segment($"model.layers.{i}", x => layer.Forward(tape, x[0], rows[layer.Rotary]), [x_TH], CheckpointsLayers);
            x_TH = outputs[0];
            routerLogits.AddRange(outputs.Skip(1));
        }

        return (((INorm)finalNorm.Current).Forward(tape, x_TH.Donate()), routerLogits);
    }

    private Value Loss(Tape tape, Value hidden, MicroBatch batch, ILoss loss, double scale)
    {
        var head = Head;
        var demands = LossDemands;
        return tape.Apply(new LossOperator(loss, head, (h_TH, needsGradient) => new LossInput
        {
            Hidden = h_TH,
            Head = head,
            Labels = batch.Labels,
            Demands = demands,
            Scale = scale,
            NeedsGradient = needsGradient,
        }), hidden.Donate());
    }

    private Value Balance(Tape tape, MicroBatch batch, List<Value> logits)
    {
        var topK = Spec.Layers.Select(l => l.Mlp).OfType<SparseMlp>().First().Scoring.TopK;
        var counted_T = batch.PadDocuments.Count == 0 ? null : tape.Keep(batch.CountedTokens());
        return tape.Apply(new RouterBalance(topK, batch.Layout.Tokens - batch.PadTokens, counted_T), [.. logits]);
    }
}
