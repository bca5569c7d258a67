using System.Text.Json.Nodes;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Loading;
using Neoteny.Parameters;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Loading;

public sealed class ModelLoaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public ModelLoaderTests() => LibTorch.Load();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_missing_unused_and_misshapen_tensor_is_in_one_message()
    {
        Copy("llama", sources => [.. sources.Where(s => !s.Name.EndsWith("k_proj.weight", StringComparison.Ordinal)), new TensorSource("model.extra", ones(2))]);
        Assert.Equal(
            $"{folder.Path}: the checkpoint has no 2 tensors 'model.layers.0.self_attn.k_proj.weight', 'model.layers.1.self_attn.k_proj.weight', which config.json calls for; "
            + "it has 1 tensor that the model does not use: model.extra. The download is incomplete, or config.json belongs to another model.",
            Assert.Throws<InputException>(() => ModelLoader.Load(folder.Path)).Message);
        Edit(json => json["intermediate_size"] = 48);
        var error = Assert.Throws<InputException>(() => ModelLoader.Load(folder.Path)).Message;
        Assert.Contains("6 tensors have other shapes than config.json calls for: 'model.layers.0.mlp.gate_proj.weight' [40, 32] instead of [48, 32], ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_that_the_model_does_not_use_are_noted_and_do_no_harm()
    {
        Copy("llama-tied", sources => [.. sources, new TensorSource("model.extra", ones(2)), new TensorSource("model.layers.0.self_attn.rotary_emb.inv_freq", ones(2)), new TensorSource("lm_head.weight", ones(256, 32))]);
        var notes = new List<string>();
        using var model = ModelLoader.Load(folder.Path, new ModelLoadOptions { Note = notes.Add });
        Assert.Equal($"{folder.Path} has 1 tensor that the model does not use and does not save: model.extra", Assert.Single(notes));
    }

    [Theory]
    [InlineData("llama", 2)]
    [InlineData("llama-tied", 1)]
    public void New_rows_begin_as_the_mean_of_the_old_ones_and_survive_saving(string name, int grown)
    {
        using var before = ModelLoader.Load(Fixtures.Model(name));
        using var model = ModelLoader.Load(Fixtures.Model(name), new ModelLoadOptions { Rows = new EmbeddingRows(259) });
        var larger = model.BaseParameters.Where(p => p.Shape[0] == 259).ToList();
        Assert.Equal(grown, larger.Count);
        foreach (var parameter in larger)
        {
            using var scope = NewDisposeScope();
            var old = Dense(before.BaseParameters.Single(p => p.Path == parameter.Path));
            var rows = Dense(parameter);
            Assert.True(rows.narrow(0, 0, 256).equal(old).all().item<bool>());
            Assert.True(rows.narrow(0, 256, 3).allclose(old.mean([0L], true)));
        }

        var config = HuggingFaceConfig.Open(Fixtures.Model(name)).With("vocab_size", 259);
        ModelSaver.Write(folder.Path, model, config, Fixtures.Model(name));
        using var again = ModelLoader.Load(folder.Path);
        Assert.Equal(259, again.Spec.VocabularySize);
        AssertSame(model, again);
    }

    [Fact]
    public void New_rows_can_be_drawn_instead()
    {
        using var scope = NewDisposeScope();
        using var model = ModelLoader.Load(Fixtures.Model("llama"), new ModelLoadOptions { Rows = new EmbeddingRows(1256, UsesMean: false) });
        var rows = Dense(model.BaseParameters.Single(p => p.Path == "lm_head.weight")).narrow(0, 256, 1000);
        Assert.Equal(HuggingFaceConfig.Open(Fixtures.Model("llama")).Number("initializer_range", 0.02), rows.std().item<float>(), 0.002);
    }

    [Fact]
    public void What_is_written_in_shards_loads_again_the_same_without_how_the_original_was_quantized()
    {
        using var model = ModelLoader.Load(Fixtures.Model("qwen2"), new ModelLoadOptions { DType = ScalarType.BFloat16 });
        var config = HuggingFaceConfig.Open(Fixtures.Model("qwen2")).With("quantization_config", new Dictionary<string, object?> { ["quant_method"] = "fp8" });
        ModelSaver.Write(folder.Path, model, config, Fixtures.Model("qwen2"), ByteSize.Parse("20 kB"));
        Assert.True(Directory.GetFiles(folder.Path, "model-*-of-*.safetensors").Length > 2);
        var written = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
        Assert.Equal("bfloat16", (string?)written["dtype"]);
        Assert.False(written.ContainsKey("quantization_config"));
        Assert.True(File.Exists(folder.File("generation_config.json")));
        using var again = ModelLoader.Load(folder.Path);
        AssertSame(model, again);
    }

    [Theory]
    [InlineData("model.layers.2.eh_proj.weight", 0)]
    [InlineData("model.extra", 1)]
    public void A_saved_configuration_promises_no_layers_that_were_left_out(string unused, int expected)
    {
        Copy("llama", sources => [.. sources, new TensorSource(unused, ones(2))]);
        Edit(json => json["num_nextn_predict_layers"] = 1);
        using var model = ModelLoader.Load(folder.Path);
        var saved = Directory.CreateDirectory(folder.File("saved")).FullName;
        ModelSaver.Write(saved, model, HuggingFaceConfig.Open(folder.Path), folder.Path);
        Assert.Equal(expected, (int?)JsonNode.Parse(File.ReadAllText(Path.Combine(saved, "config.json")))!["num_nextn_predict_layers"]);
        using var again = ModelLoader.Load(saved);
        AssertSame(model, again);
    }

    [Theory]
    [InlineData("5GB", 5_000_000_000L)]
    [InlineData("1.5 mb", 1_500_000L)]
    [InlineData("2GiB", 2147483648L)]
    [InlineData("1000", 1000L)]
    [InlineData("0", null)]
    [InlineData("-1GB", null)]
    [InlineData("five", null)]
    public void Sizes_are_read_as_people_write_them(string text, long? bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    private static void AssertSame(DecoderModel expected, DecoderModel actual)
    {
        Assert.Equal(expected.BaseParameters.Select(p => p.Path), actual.BaseParameters.Select(p => p.Path));
        foreach (var (one, other) in expected.BaseParameters.Zip(actual.BaseParameters))
        {
            using var scope = NewDisposeScope();
            Assert.Equal(one.DType, other.DType);
            Assert.True(Dense(one).equal(Dense(other)).all().item<bool>(), one.Path);
        }
    }

    private static Tensor Dense(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor.alias();
    }

    private void Copy(string model, Func<IReadOnlyList<TensorSource>, IReadOnlyList<TensorSource>> change)
    {
        using var reader = CheckpointReader.Open(Fixtures.Model(model));
        var sources = reader.Names.Select(n => new TensorSource(n, reader.DType(n), reader.Shape(n), () => reader.Read(n))).ToList();
        CheckpointWriter.WriteFiles(folder.Path, change(sources));
        File.Copy(Path.Combine(Fixtures.Model(model), "config.json"), folder.File("config.json"));
    }

    private void Edit(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!.AsObject();
        change(json);
        File.WriteAllText(folder.File("config.json"), json.ToJsonString());
    }
}
