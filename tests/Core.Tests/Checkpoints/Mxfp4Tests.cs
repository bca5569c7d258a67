using Neoteny.Models.Checkpoints;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Checkpoints;

public sealed class Mxfp4Tests : IDisposable
{
    private const int Experts = 2, Outputs = 6, Inputs = 64, Blocks = Inputs / 32;
    private static readonly double[] Magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope;
    private readonly byte[] packed = new byte[Experts * Outputs * Blocks * 16];
    private readonly byte[] scales = new byte[Experts * Outputs * Blocks];

    public Mxfp4Tests()
    {
        LibTorch.Load();
        scope = NewDisposeScope();
        new Random(3).NextBytes(packed);
        for (var i = 0; i < scales.Length; i++)
        {
            scales[i] = (byte)(115 + (i % 20));
        }

        SafetensorsWriter.Write(folder.File(CheckpointReader.SingleFile), new Dictionary<string, Tensor>
        {
            ["experts.gate_up_proj_blocks"] = tensor(packed).view(Experts, Outputs, Blocks, 16),
            ["experts.gate_up_proj_scales"] = tensor(scales).view(Experts, Outputs, Blocks),
        });
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Every_number_is_the_sign_and_magnitude_of_its_four_bits_times_the_power_of_its_block()
    {
        using var checkpoint = CheckpointReader.Open(Path.GetDirectoryName(folder.File("x"))!);
        Assert.True(Mxfp4.Holds(checkpoint, "experts.gate_up_proj"));
        Assert.False(Mxfp4.Holds(checkpoint, "experts.down_proj"));
        var decoded = Mxfp4.Read(checkpoint, "experts.gate_up_proj", [Experts, Inputs, Outputs], ScalarType.Float32, null);
        Assert.Equal([Experts, Inputs, Outputs], decoded.shape);
        for (var e = 0; e < Experts; e++)
        {
            for (var o = 0; o < Outputs; o++)
            {
                for (var i = 0; i < Inputs; i++)
                {
                    Assert.Equal(Value(e, o, i), decoded[e, i, o].item<float>());
                }
            }
        }

        var half = Mxfp4.Read(checkpoint, "experts.gate_up_proj", [Experts, Inputs, Outputs], ScalarType.BFloat16, null);
        Assert.True(half.to(ScalarType.Float32).equal(decoded).all().item<bool>());
    }

    [Fact]
    public void Pieces_that_do_not_fit_the_model_are_refused()
    {
        using var checkpoint = CheckpointReader.Open(Path.GetDirectoryName(folder.File("x"))!);
        var e = Assert.Throws<InputException>(() => Mxfp4.Read(checkpoint, "experts.gate_up_proj", [Experts, 32, Outputs], ScalarType.Float32, null));
        Assert.Equal($"{checkpoint.Folder}: 'experts.gate_up_proj_blocks' [2, 6, 2, 16] and 'experts.gate_up_proj_scales' [2, 6, 2] do not decode to the [2, 32, 6] that config.json "
            + "calls for. config.json belongs to another model.", e.Message);
    }

    private float Value(int expert, int output, int input)
    {
        var block = (((expert * Outputs) + output) * Blocks) + (input / 32);
        var pair = packed[(block * 16) + (input % 32 / 2)];
        var bits = input % 2 == 0 ? pair & 15 : pair >> 4;
        return (float)((bits >= 8 ? -1 : 1) * Magnitudes[bits & 7] * Math.Pow(2, scales[block] - 127));
    }
}
