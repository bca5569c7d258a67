using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

/// <summary>One decoder layer: <c>x += norm(attention(norm(x))); x += norm(mlp(norm(x)))</c>, each norm where the family has it.</summary>
/// <remarks>
/// Where the plain block attends and the MLP is dense, the layer is a region if the attention kernel's work serves other documents too; else what comes before attention and what comes
/// after it are regions.
/// </remarks>
internal sealed class DecoderLayer
{
    private readonly LayerParts parts;
    private readonly ModuleSite[] called;
    private readonly Region whole;
    private readonly Region before;
    private readonly Region after;

    public DecoderLayer(string path, LayerParts parts)
    {
        this.parts = parts;
        called = [.. new[] { parts.BeforeAttention, parts.Attention, parts.AfterAttention, parts.BeforeMlp, parts.Mlp, parts.AfterMlp }.OfType<ModuleSite>()
            .SelectMany(s => s.Below().Prepend(s))];
        whole = new Region(path, (tape, call) => After(tape, Block.Attend(tape, Projected(tape, call), call.Layout!), call.Inputs[0]), () => Blocks((parts.Attention.Current as AttentionBlock)?.Kernel));
        before = new Region($"{path} before attention", Before, () => Blocks(null));
        after = new Region($"{path} after attention", (tape, call) => After(tape, call.Inputs[0], call.Inputs[1]), () => Blocks(null));
    }

    /// <summary>Which rotary table the layer reads.</summary>
    public int Rotary => parts.Rotary;

    private AttentionBlock Block => (AttentionBlock)parts.Attention.Current;

    /// <summary>Gives the residual stream, and the router logits where the layer is sparse.</summary>
    public Value[] Forward(Tape tape, Value x_TH, RowContext row)
    {
        if (!tape.HandsRegionsOver || parts.Attention.Current is not AttentionBlock block || parts.Mlp.Current is ISparseMlp)
        {
            return Rest(tape, ((IAttentionBlock)parts.Attention.Current).Forward(tape, Normed(tape, x_TH), row), x_TH);
        }

        var call = new RegionCall(x_TH, tape.Constant(row.Angles.Cosines), tape.Constant(row.Angles.Sines));
        if (block.Kernel.CapacityFor(block.Spec, row.Layout) is { } capacity)
        {
            return tape.Region(whole, call with { Layout = row.Layout, Capacity = capacity });
        }

        var projected = tape.Region(before, call);
        return tape.Region(after, new RegionCall(block.Attend(tape, (projected[0], projected[1], projected[2]), row), projected[3]));
    }

    private Value[] Before(Tape tape, RegionCall call)
    {
        var (q_TQD, k_TKD, v_TKD) = Projected(tape, call);
        return [q_TQD, k_TKD, v_TKD, call.Inputs[0]];
    }

    private (Value Query, Value Key, Value Value) Projected(Tape tape, RegionCall call)
        => Block.Before(tape, Normed(tape, call.Inputs[0]), new RotaryAngles { Cosines = call.Inputs[1].Tensor, Sines = call.Inputs[2].Tensor });

    private Value[] After(Tape tape, Value attended_TQD, Value x_TH) => Rest(tape, Block.After(tape, attended_TQD), x_TH);

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

    /// <summary>The blocks of the moment, and the kernel where it is part of the region; null where a replacement cannot be captured.</summary>
    private object[]? Blocks(IAttention? kernel)
        => Array.TrueForAll(called, s => s.Current == s.Original || s.Current.IsCapturable) ? [.. called.Select(s => s.Current), .. kernel is null ? [] : new object[] { kernel }] : null;

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
