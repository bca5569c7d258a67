using Neoteny.Models.Checkpoints;
using Neoteny.Models.Loading;
using Neoteny.Modules;
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

    [Fact]
    public void A_model_loads_its_experts_from_blocks_and_keeps_gate_and_up_apart()
    {
        const string Config = """
            {"model_type": "gpt_oss", "vocab_size": 7, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
             "head_dim": 8, "num_local_experts": 2, "num_experts_per_tok": 1, "torch_dtype": "bfloat16", "quantization_config": {"quant_method": "mxfp4"}}
            """;
        var model = folder.File("gpt");
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "config.json"), Config);
        var tensors = new Dictionary<string, Tensor>();
        using (var described = ModelLoader.Describe(model))
        {
            foreach (var part in described.BaseParameters.SelectMany(p => p.Parts))
            {
                if (!part.Name.EndsWith("_proj", StringComparison.Ordinal))
                {
                    tensors[part.Name] = randn([.. part.Shape]).to(ScalarType.BFloat16);
                    continue;
                }

                // Blocks lie along the input, which comes first in the dense layout.
                var outputs = part.Shape[2];
                tensors[part.Name + "_blocks"] = randint(0, 256, [2, outputs, 1, 16], dtype: ScalarType.Byte);
                tensors[part.Name + "_scales"] = randint(120, 130, [2, outputs, 1], dtype: ScalarType.Byte);
            }
        }

        SafetensorsWriter.Write(Path.Combine(model, CheckpointReader.SingleFile), tensors);
        using var loaded = ModelLoader.Load(model);
        using var checkpoint = CheckpointReader.Open(model);
        var experts = (IExperts)loaded.At("model.layers.0.mlp.experts").Original;
        using var gateUp = experts.GateUp.Rent();
        var dense = Mxfp4.Read(checkpoint, "model.layers.0.mlp.experts.gate_up_proj", [2, 32, 64], ScalarType.BFloat16, null);
        Assert.Equal(ScalarType.BFloat16, gateUp.Tensor.dtype);
        Assert.True(gateUp.Tensor[1, 3].equal(dense[1].select(1, 6)).all().item<bool>());
        Assert.True(gateUp.Tensor[1, 32 + 3].equal(dense[1].select(1, 7)).all().item<bool>());
        Assert.True(experts.GateUp.Parts[0].Of(gateUp.Tensor).equal(dense).all().item<bool>());
    }

    private float Value(int expert, int output, int input)
    {
        var block = (((expert * Outputs) + output) * Blocks) + (input / 32);
        var pair = packed[(block * 16) + (input % 32 / 2)];
        var bits = input % 2 == 0 ? pair & 15 : pair >> 4;
        return (float)((bits >= 8 ? -1 : 1) * Magnitudes[bits & 7] * Math.Pow(2, scales[block] - 127));
    }
}
