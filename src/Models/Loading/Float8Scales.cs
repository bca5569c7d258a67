using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>Unpacks weights that a checkpoint stores as 8-bit floats with scales beside them.</summary>
/// <remarks>
/// A scale multiplies: one for the whole weight or for each output row (<c>weight_scale</c>), or one for each block (<c>weight_scale_inv</c>, as
/// DeepSeek-V3 publishes, 128 by 128 unless <c>quantization_config.weight_block_size</c> says otherwise).
/// </remarks>
internal sealed class Float8Scales(CheckpointReader checkpoint, HuggingFaceConfig config)
{
    private const int DefaultBlock = 128;

    /// <summary>The name of a weight's scales; null where it has none or is no 8-bit float.</summary>
    public string? Find(string name)
        => checkpoint.Contains(name) && checkpoint.Entry(name).StoredType is "F8_E4M3" or "F8_E5M2"
            ? new[] { $"{name}_scale_inv", $"{name}_scale" }.FirstOrDefault(checkpoint.Contains)
            : null;

    /// <summary>Reads a weight and multiplies it with its scales in fp32.</summary>
    /// <exception cref="InputException">The scales do not fit.</exception>
    public Tensor Read(string name, string scaleName, ScalarType dtype, Device? device)
    {
        using var guard = no_grad();
        using var weight = checkpoint.Read(name, ScalarType.Float32, device);
        using var scale = checkpoint.Read(scaleName, ScalarType.Float32, device);
        using (var scope = NewDisposeScope())
        {
            weight.mul_(Fit(scale, name, weight.shape));
        }

        return weight.to(dtype, copy: true).DetachFromDisposeScope();
    }

    private Tensor Fit(Tensor scale, string name, long[] shape)
    {
        if (scale.numel() == 1)
        {
            return scale.reshape(1);
        }

        if (shape.Length == 2 && scale.numel() == shape[0] && (scale.dim() == 1 || scale.size(-1) == 1))
        {
            return scale.reshape(shape[0], 1);
        }

        var block = BlockSize();
        return shape.Length == 2 && scale.dim() == 2 && scale.size(0) == Blocks(shape[0], block.Rows) && scale.size(1) == Blocks(shape[1], block.Columns)
            ? scale.repeat_interleave(block.Rows, 0).narrow(0, 0, shape[0]).repeat_interleave(block.Columns, 1).narrow(1, 0, shape[1])
            : throw new InputException($"{checkpoint.Folder}: the scales of '{name}' have shape [{string.Join(", ", scale.shape)}], which fits the weight's "
                + $"[{string.Join(", ", shape)}] neither as one, nor as one for each row, nor in blocks of {block.Rows} by {block.Columns}. Check quantization_config in config.json.");
    }

    private (int Rows, int Columns) BlockSize()
        => config.Section("quantization_config")?.Integers("weight_block_size") is [var rows, var columns] && rows > 0 && columns > 0 ? (rows, columns) : (DefaultBlock, DefaultBlock);

    private static long Blocks(long size, int block) => (size + block - 1) / block;
}
