using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>One decoder layer: <c>x += norm(attention(norm(x))); x += norm(mlp(norm(x)))</c>, each norm where the family has it.</summary>
internal sealed class DecoderLayer(LayerParts parts)
{
    /// <summary>Which rotary table the layer reads.</summary>
    public int Rotary => parts.Rotary;

    public Value Forward(Tape tape, Value x_TH, RowContext row)
    {
        var inner = parts.BeforeAttention is { } norm ? ((INorm)norm.Current).Forward(tape, x_TH) : Second(tape, x_TH);
        var attended = After(tape, ((IAttentionBlock)parts.Attention.Current).Forward(tape, inner, row), parts.AfterAttention);
        var (normed, sum) = AddThenNorm(tape, attended, x_TH);
        var fed = After(tape, ((IMlp)parts.Mlp.Current).Forward(tape, normed), parts.AfterMlp);
        return tape.Apply(Add.Instance, sum.Donate(), fed.Donate());
    }

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
