using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Modules;

/// <summary>The computation of one site of a model. The role interfaces below say which.</summary>
/// <remarks>
/// Activations are <c>[T, H]</c>: T tokens of a packed row, H features. A block records everything it does on the tape it is given and keeps no
/// state between calls, so it may be replaced between two optimizer steps. T tokens, H hidden, I intermediate, O output features,
/// D head size, V vocabulary, E experts.
/// </remarks>
public interface IBlock
{
    /// <summary>
    /// Whether its work on a GPU may be captured once and run again (<c>cuda_graphs</c>): for inputs of one size it launches the same kernels on the same memory each time, without
    /// waiting for the device and without numbers from the host that change from call to call. Where a replacement says false, the operators around it run one by one.
    /// </summary>
    bool IsCapturable => false;
}

/// <summary>Token embedding.</summary>
public interface IEmbedding : IBlock
{
    /// <summary>Weight <c>[V, H]</c>.</summary>
    Parameter Weight { get; }

    /// <summary>Factor on the looked-up rows.</summary>
    double Scale => 1;

    /// <summary>What adapters attached: A <c>[R, H]</c> and B <c>[V, R]</c>, so that rows <c>s * B[ids] A</c> are added before the factor.</summary>
    IReadOnlyList<LowRankDelta> Deltas => [];

    /// <summary>Looks rows up.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="ids_T">Token ids, int64 <c>[T]</c>.</param>
    Value Forward(Tape tape, Tensor ids_T);
}

/// <summary>A linear map <c>y = x W' + b</c>, plus low-rank deltas.</summary>
public interface ILinear : IBlock
{
    /// <summary>Weight <c>[O, I]</c>.</summary>
    Parameter Weight { get; }

    /// <summary>Bias <c>[O]</c>, or null.</summary>
    Parameter? Bias { get; }

    /// <summary>What adapters attached, in order.</summary>
    IReadOnlyList<LowRankDelta> Deltas { get; }

    /// <summary>Maps <c>[T, I]</c> to <c>[T, O]</c>.</summary>
    Value Forward(Tape tape, Value x_TI);
}

/// <summary>Normalization over the last dimension.</summary>
public interface INorm : IBlock
{
    /// <summary>Weight <c>[H]</c>.</summary>
    Parameter Weight { get; }

    /// <summary>Bias <c>[H]</c>, or null.</summary>
    Parameter? Bias => null;

    /// <summary>Added to the mean square (or the variance).</summary>
    double Epsilon { get; }

    /// <summary>Added to the weight: 1 for Gemma.</summary>
    double Offset => 0;

    /// <summary>Whether the mean is subtracted (LayerNorm) or not (RMSNorm).</summary>
    bool Centered => false;

    /// <summary>Normalizes <c>[..., H]</c>.</summary>
    Value Forward(Tape tape, Value x);
}

/// <summary>A norm that also adds the residual, in one pass over memory. A replacement of a norm site may offer it.</summary>
public interface IResidualNorm : INorm
{
    /// <summary>Computes <c>sum = x + residual</c> and its norm.</summary>
    (Value Normed, Value Sum) Forward(Tape tape, Value x, Value residual);
}

/// <summary>Rotary position embedding of queries and keys.</summary>
public interface IRotary : IBlock
{
    /// <summary>How many leading features of a head are rotated.</summary>
    int RotatedSize { get; }

    /// <summary>Rotates.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="query">Queries <c>[T, Hq, D]</c>.</param>
    /// <param name="key">Keys <c>[T, Hk, D]</c>.</param>
    /// <param name="positions">Angles of the row.</param>
    (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions);
}

/// <summary>Cosines and sines for the tokens of one row, already multiplied by the scaling's attention factor.</summary>
public sealed class RotaryAngles : IDisposable
{
    /// <summary>Cosines, fp32 <c>[T, D/2]</c>; feature i is paired with feature i + D/2.</summary>
    public required Tensor Cosines { get; init; }

    /// <summary>Sines, fp32 <c>[T, D/2]</c>.</summary>
    public required Tensor Sines { get; init; }

    /// <summary>Frees both.</summary>
    public void Dispose()
    {
        Cosines.Dispose();
        Sines.Dispose();
    }
}

/// <summary>What follows attention in a layer, dense or sparse.</summary>
public interface IMlp : IBlock
{
    /// <summary>Maps <c>[T, H]</c> to <c>[T, H]</c>.</summary>
    Value Forward(Tape tape, Value x_TH);
}

/// <summary>A gated MLP: <c>down(act(gate(x)) * up(x))</c>.</summary>
public interface IGatedMlp : IMlp
{
    /// <summary>Gate projection.</summary>
    ILinear Gate { get; }

    /// <summary>Up projection.</summary>
    ILinear Up { get; }

    /// <summary>Down projection.</summary>
    ILinear Down { get; }

    /// <summary>The activation's name as checkpoints spell it: <c>silu</c>, <c>gelu_pytorch_tanh</c>.</summary>
    string Activation { get; }
}

/// <summary>A gated MLP whose checkpoint holds gate and up as one projection: <c>down(act(g) * u)</c> with <c>g, u</c> the halves of <c>gateUp(x)</c>.</summary>
public interface IFusedGatedMlp : IMlp
{
    /// <summary>Gate and up projection, <c>[2 * I, H]</c>, gate rows first.</summary>
    ILinear GateUp { get; }

    /// <summary>Down projection.</summary>
    ILinear Down { get; }

    /// <summary>The activation's name as checkpoints spell it.</summary>
    string Activation { get; }
}

/// <summary>The three projections in front of attention.</summary>
public interface IProjections : IBlock
{
    /// <summary>Query projection.</summary>
    ILinear Query { get; }

    /// <summary>Key projection.</summary>
    ILinear Key { get; }

    /// <summary>Value projection.</summary>
    ILinear Value { get; }

    /// <summary>Projects <c>[T, H]</c> to queries <c>[T, Hq * D]</c>, keys and values <c>[T, Hk * D]</c>.</summary>
    (Value Query, Value Key, Value Value) Forward(Tape tape, Value x_TH);
}

/// <summary>Projections in front of attention that the checkpoint holds as one.</summary>
public interface IFusedProjections : IBlock
{
    /// <summary>Query, key and value rows, <c>[(Hq + 2 * Hk) * D, H]</c>.</summary>
    ILinear Whole { get; }

    /// <summary>Projects <c>[T, H]</c> to queries <c>[T, Hq * D]</c>, keys and values <c>[T, Hk * D]</c>.</summary>
    (Value Query, Value Key, Value Value) Forward(Tape tape, Value x_TH);
}

/// <summary>Self attention with its projections.</summary>
public interface IAttentionBlock : IBlock
{
    /// <summary>What the kernel computes.</summary>
    AttentionSpec Spec { get; }

    /// <summary>The projections; null where the checkpoint has other ones than three linear maps of the input.</summary>
    IProjections? Projections { get; }

    /// <summary>The output projection.</summary>
    ILinear Output { get; }

    /// <summary>Maps <c>[T, H]</c> to <c>[T, H]</c>.</summary>
    Value Forward(Tape tape, Value x_TH, RowContext row);
}

/// <summary>The output head.</summary>
public interface IHead : IBlock
{
    /// <summary>Weight <c>[V, H]</c>; the embedding's own parameter when tied.</summary>
    Parameter Weight { get; }

    /// <summary>Bias <c>[V]</c>, or null.</summary>
    Parameter? Bias { get; }

    /// <summary>What adapters attached.</summary>
    IReadOnlyList<LowRankDelta> Deltas { get; }

    /// <summary>Logits become <c>cap * tanh(logit / cap)</c>; 0 for none.</summary>
    double Softcap => 0;

    /// <summary>Computes logits <c>[T, V]</c> of hidden states <c>[T, H]</c>.</summary>
    Value Forward(Tape tape, Value hidden_TH);
}
