using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>One pre-norm decoder layer: <c>x += attention(norm(x)); x += mlp(norm(x))</c>.</summary>
internal sealed class DecoderLayer(ModuleSite attentionNorm, ModuleSite attention, ModuleSite mlpNorm, ModuleSite mlp)
{
    public Value Forward(Tape tape, Value x_TH, RowContext row)
    {
        var normed = ((INorm)attentionNorm.Current).Forward(tape, x_TH);
        var attended = ((IAttentionBlock)attention.Current).Forward(tape, normed, row);
        var (inner, sum) = AddThenNorm(tape, attended, x_TH);
        return tape.Apply(Add.Instance, sum.Donate(), ((IGatedMlp)mlp.Current).Forward(tape, inner).Donate());
    }

    private (Value Normed, Value Sum) AddThenNorm(Tape tape, Value x, Value residual)
    {
        var norm = (INorm)mlpNorm.Current;
        if (norm is IResidualNorm fused)
        {
            return fused.Forward(tape, x.Donate(), residual.Donate());
        }

        var sum = tape.Apply(Add.Instance, x.Donate(), residual.Donate());
        return (norm.Forward(tape, sum), sum);
    }
}
