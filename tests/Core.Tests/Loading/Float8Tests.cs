using System.Runtime.InteropServices;
using Neoteny.Core.Tests.Checkpoints;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Loading;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Loading;

public sealed class Float8Tests : IDisposable
{
    private const int Rows = 130;
    private const int Columns = 140;

    private readonly TemporaryFolder folder = new();

    public Float8Tests() => LibTorch.Load();

    public void Dispose() => folder.Dispose();

    // 1, 2 and -1.5 as each format spells them.
    [Theory]
    [InlineData("F8_E4M3", 0x38, 0x40, 0xBC)]
    [InlineData("F8_E5M2", 0x3C, 0x40, 0xBE)]
    public void Blocks_of_128_by_128_have_one_scale_each(string type, byte one, byte two, byte minus)
    {
        var bytes = Enumerable.Range(0, Rows * Columns).Select(i => (i % 3) switch { 0 => one, 1 => two, _ => minus }).ToArray();
        Write(type, bytes, "w_scale_inv", [2, 2], [0.5f, 3f, 7f, 11f]);
        var values = Read(ScalarType.Float32);
        for (var i = 0; i < Rows; i++)
        {
            for (var j = 0; j < Columns; j++)
            {
                var value = new[] { 1f, 2f, -1.5f }[((i * Columns) + j) % 3];
                var scale = (i < 128 ? 0 : 7f) + (j < 128 ? (i < 128 ? 0.5f : 0) : i < 128 ? 3f : 4f);
                Assert.Equal(value * scale, values[(i * Columns) + j]);
            }
        }
    }

    [Fact]
    public void Other_block_sizes_stand_in_the_configuration()
    {
        Write("F8_E4M3", Ones(), "w_scale_inv", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        var values = Read(ScalarType.Float32, """{"vocab_size": 1, "quantization_config": {"quant_method": "fp8", "weight_block_size": [64, 64]}}""");
        Assert.Equal((1f, 2f, 3f, 5f, 9f), (values[0], values[64], values[128], values[(64 * Columns) + 64], values[^1]));
    }

    [Fact]
    public void One_scale_counts_for_all_and_a_column_of_them_for_rows()
    {
        Write("F8_E4M3", Ones(), "w_scale", [], [0.25f]);
        Assert.All(Read(ScalarType.Float32), v => Assert.Equal(0.25f, v));
        Write("F8_E4M3", Ones(), "w_scale", [Rows, 1], [.. Enumerable.Range(0, Rows).Select(i => (float)i)]);
        var values = Read(ScalarType.Float32);
        Assert.Equal((0f, 1f, 129f), (values[0], values[Columns], values[^1]));
    }

    [Fact]
    public void Without_scales_the_values_are_those_stored_in_the_dtype_of_the_configuration()
    {
        Write("F8_E4M3", Ones(), "other", [], [0.25f]);
        using var checkpoint = CheckpointReader.Open(folder.Path);
        var config = HuggingFaceConfig.Parse("""{"dtype": "float16"}""", "config.json");
        using var weight = new CheckpointWeights(checkpoint, config, new ModelLoadOptions(), 0.02).Read("w", [Rows, Columns]);
        Assert.Equal(ScalarType.Float16, weight.dtype);
        using var mean = weight.to(ScalarType.Float32).mean();
        Assert.Equal(1f, mean.item<float>());
    }

    [Fact]
    public void Scales_that_do_not_fit_are_refused()
    {
        Write("F8_E4M3", Ones(), "w_scale_inv", [2, 3], [1, 2, 3, 4, 5, 6]);
        Assert.Equal(
            $"{folder.Path}: the scales of 'w' have shape [2, 3], which fits the weight's [130, 140] neither as one, nor as one for each row, nor in blocks of 128 by 128. "
            + "Check quantization_config in config.json.",
            Assert.Throws<InputException>(() => Read(ScalarType.Float32)).Message);
    }

    private static byte[] Ones() => [.. Enumerable.Repeat((byte)0x38, Rows * Columns)];

    private float[] Read(ScalarType dtype, string config = """{"vocab_size": 1}""")
    {
        using var checkpoint = CheckpointReader.Open(folder.Path);
        using var weight = new CheckpointWeights(checkpoint, HuggingFaceConfig.Parse(config, "config.json"), new ModelLoadOptions { DType = dtype }, 0.02).Read("w", [Rows, Columns]);
        return weight.data<float>().ToArray();
    }

    private void Write(string type, byte[] weight, string scaleName, long[] scaleShape, float[] scales)
    {
        var header = $$"""
            {"w": {"dtype": "{{type}}", "shape": [{{Rows}}, {{Columns}}], "data_offsets": [0, {{weight.Length}}]},
             "{{scaleName}}": {"dtype": "F32", "shape": [{{string.Join(", ", scaleShape)}}], "data_offsets": [{{weight.Length}}, {{weight.Length + (4 * scales.Length)}}] } }
            """;
        File.WriteAllBytes(folder.File("model.safetensors"), SafetensorsBytes.Of(header, [.. weight, .. MemoryMarshal.AsBytes(scales.AsSpan())]));
    }
}
