using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>One decoder layer: <c>x += norm(attention(norm(x))); x += norm(mlp(norm(x)))</c>, each norm where the family has it.</summary>
/// <remarks>What comes before attention and what comes after it are regions, where the plain block attends and the MLP is dense: only attention itself depends on the documents of a row.</remarks>
internal sealed class DecoderLayer
{
    private readonly LayerParts parts;
    private readonly Region before;
    private readonly Region after;

    public DecoderLayer(string path, LayerParts parts)
    {
        this.parts = parts;
        ModuleSite[] called = [.. new[] { parts.BeforeAttention, parts.Attention, parts.AfterAttention, parts.BeforeMlp, parts.Mlp, parts.AfterMlp }.OfType<ModuleSite>()
            .SelectMany(s => s.Below().Prepend(s))];
        before = new Region($"{path} before attention", Before, () => Blocks(called));
        after = new Region($"{path} after attention", After, () => Blocks(called));
    }

    /// <summary>Which rotary table the layer reads.</summary>
    public int Rotary => parts.Rotary;

    /// <summary>Gives the residual stream, and the router logits where the layer is sparse.</summary>
    public Value[] Forward(Tape tape, Value x_TH, RowContext row)
    {
        if (parts.Attention.Current is AttentionBlock block && parts.Mlp.Current is not ISparseMlp)
        {
            var projected = tape.Region(before, x_TH, tape.Constant(row.Angles.Cosines), tape.Constant(row.Angles.Sines));
            return tape.Region(after, block.Attend(tape, (projected[0], projected[1], projected[2]), row), projected[3]);
        }

        return Rest(tape, ((IAttentionBlock)parts.Attention.Current).Forward(tape, Normed(tape, x_TH), row), x_TH);
    }

    private Value[] Before(Tape tape, Value[] inputs)
    {
        var angles = new RotaryAngles { Cosines = inputs[1].Tensor, Sines = inputs[2].Tensor };
        var (q_TQD, k_TKD, v_TKD) = ((AttentionBlock)parts.Attention.Current).Before(tape, Normed(tape, inputs[0]), angles);
        return [q_TQD, k_TKD, v_TKD, inputs[0]];
    }

    private Value[] After(Tape tape, Value[] inputs) => Rest(tape, ((AttentionBlock)parts.Attention.Current).After(tape, inputs[0]), inputs[1]);

    /// <summary>What follows the attention block, whose result is the first value, in the residual stream, which is the second.</summary>
    private Value[] Rest(Tape tape, Value attended_TH, Value x_TH)
    {
        var (normed, sum) = AddThenNorm(tape, After(tape, attended_TH, parts.AfterAttention), x_TH);
        if (parts.Mlp.Current is not ISparseMlp sparse)
        {
            return [Joined(tape, sum, ((IMlp)parts.Mlp.Current).Forward(tape, normed))];
        }

        var (output, routing) = sparse.ForwardRouted(tape, normed);
        return [Joined(tape, sum, output), routing.Logits];
    }

    /// <summary>The blocks of the moment; null where a replacement cannot be captured.</summary>
    private static object[]? Blocks(ModuleSite[] called)
        => Array.TrueForAll(called, s => s.Current == s.Original || s.Current.IsCapturable) ? [.. called.Select(s => s.Current)] : null;

    private Value Normed(Tape tape, Value x_TH) => parts.BeforeAttention is { } norm ? ((INorm)norm.Current).Forward(tape, x_TH) : Second(tape, x_TH);

    private Value Joined(Tape tape, Value sum, Value fed) => tape.Apply(Add.Instance, sum.Donate(), After(tape, fed, parts.AfterMlp).Donate());

    private (Value Normed, Value Sum) AddThenNorm(Tape tape, Value x, Value residual)
    {
        var norm = (INorm?)parts.BeforeMlp?.Current;
        if (norm is IResidualNorm fused)
        {
            return fused.Forward(tape, x.Donate(), residual.Donate());
        }

        var sum = tape.Apply(Add.Instance, x.Donate(), residual.Donate());
        return (norm?.Forward(tape, sum) ?? Second(tape, sum), sum);
    }

    private static Value After(Tape tape, Value x, ModuleSite? norm) => norm is null ? x : ((INorm)norm.Current).Forward(tape, x.Donate());

    // A block donates its input, which the residual stream still needs where no norm stands between.
    private static Value Second(Tape tape, Value x_TH) => tape.Apply(new View(-1, x_TH.Size(-1)), x_TH);
}

/// <summary>The sites of a layer.</summary>
internal sealed record LayerParts
{
    public ModuleSite? BeforeAttention { get; init; }

    public required ModuleSite Attention { get; init; }

    public ModuleSite? AfterAttention { get; init; }

    public ModuleSite? BeforeMlp { get; init; }

    public required ModuleSite Mlp { get; init; }

    public ModuleSite? AfterMlp { get; init; }

    public required int Rotary { get; init; }
}
