using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

// E experts, O output features, I input features, G = I / 32 blocks of a row

/// <summary>Experts in MXFP4 as gpt-oss publishes them, decoded while they load (OCP Microscaling Formats 1.0).</summary>
/// <remarks>
/// <c>X_blocks</c> U8 <c>[E, O, G, 16]</c> holds two 4-bit numbers a byte (1 sign, 2 exponent, 1 mantissa bit), the first in the low half;
/// <c>X_scales</c> U8 <c>[E, O, G]</c> a power of two for each block, biased by 127. The decoded tensor has its input first: <c>[E, I, O]</c>.
/// </remarks>
internal static class Mxfp4
{
    private static readonly float[] Values = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>Whether the checkpoint has a tensor in this format.</summary>
    public static bool Holds(CheckpointReader checkpoint, string name) => checkpoint.Contains(Blocks(name)) && checkpoint.Contains(Scales(name));

    /// <summary>Reads and decodes a tensor, an expert at a time.</summary>
    /// <exception cref="InputException">Its pieces do not fit the shape.</exception>
    public static Tensor Read(CheckpointReader checkpoint, string name, long[] shape, ScalarType dtype, Device? device)
    {
        long[] blocks = [.. checkpoint.Shape(Blocks(name))], scales = [.. checkpoint.Shape(Scales(name))];
        if (shape.Length != 3 || !blocks.SequenceEqual([shape[0], shape[2], shape[1] / 32, 16]) || !scales.SequenceEqual(blocks[..3]) || shape[1] % 32 != 0)
        {
            throw new InputException($"{checkpoint.Folder}: '{Blocks(name)}' [{string.Join(", ", blocks)}] and '{Scales(name)}' [{string.Join(", ", scales)}] do not decode to the "
                + $"[{string.Join(", ", shape)}] that config.json calls for. config.json belongs to another model.");
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (packed, exponents) = (checkpoint.Read(Blocks(name)), checkpoint.Read(Scales(name)));
        var values = tensor(Values);
        var whole = empty(shape, dtype: dtype, device: device ?? CPU);
        for (var e = 0; e < shape[0]; e++)
        {
            using var inner = NewDisposeScope();
            whole.select(0, e).copy_(Decode(packed.select(0, e), exponents.select(0, e), values).t());
        }

        return whole.MoveToOuterDisposeScope();
    }

    private static Tensor Decode(Tensor packed_OGB, Tensor exponents_OG, Tensor values)
    {
        var bytes = packed_OGB.to(ScalarType.Int32);
        var halves = stack([bytes.bitwise_and(tensor(15)), bytes.bitwise_right_shift(tensor(4))], -1);
        var mantissas = values.index_select(0, halves.reshape(-1)).view(packed_OGB.size(0), packed_OGB.size(1), 32);
        var scales = exponents_OG.to(ScalarType.Float32).sub(tensor(127f)).exp2().unsqueeze(-1);
        return mantissas.mul_(scales).view(packed_OGB.size(0), -1);
    }

    private static string Blocks(string name) => name + "_blocks";

    private static string Scales(string name) => name + "_scales";
}
