using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>One decoder layer: <c>x += norm(attention(norm(x))); x += norm(mlp(norm(x)))</c>, each norm where the family has it.</summary>
internal sealed class DecoderLayer(LayerParts parts)
{
    /// <summary>Which rotary table the layer reads.</summary>
    public int Rotary => parts.Rotary;

    /// <summary>Gives the residual stream, and the router logits where the layer is sparse.</summary>
    public Value[] Forward(Tape tape, Value x_TH, RowContext row)
    {
        var inner = parts.BeforeAttention is { } norm ? ((INorm)norm.Current).Forward(tape, x_TH) : Second(tape, x_TH);
        var attended = After(tape, ((IAttentionBlock)parts.Attention.Current).Forward(tape, inner, row), parts.AfterAttention);
        var (normed, sum) = AddThenNorm(tape, attended, x_TH);
        if (parts.Mlp.Current is not ISparseMlp sparse)
        {
            return [Joined(tape, sum, ((IMlp)parts.Mlp.Current).Forward(tape, normed))];
        }

        var (output, routing) = sparse.ForwardRouted(tape, normed);
        return [Joined(tape, sum, output), routing.Logits];
    }

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
