using Neoteny.Models.Checkpoints;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Checkpoints;

public class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public CheckpointTests() => LibTorch.Load();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Models() => [.. Directory.GetDirectories(Fixtures.Model("")).Select(d => Path.GetFileName(d))];

    [Theory]
    [MemberData(nameof(Models))]
    public void Files_are_written_byte_for_byte_as_the_reference_library_writes_them(string model)
    {
        using var reader = CheckpointReader.Open(Fixtures.Model(model));
        foreach (var path in Directory.GetFiles(Fixtures.Model(model), "model*.safetensors"))
        {
            using var file = SafetensorsFile.Open(path);
            SafetensorsWriter.Write(folder.File("x"), file.Entries.Reverse().Select(e => Source(file, e)));
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(folder.File("x")));
        }
    }

    [Fact]
    public void Shards_with_their_index_read_as_one_checkpoint_and_write_back_the_same()
    {
        using var reader = CheckpointReader.Open(Fixtures.Model("qwen2"));
        Assert.Equal(30496 * 4, reader.Bytes);
        Assert.Equal([256, 32], reader.Shape("lm_head.weight"));
        Assert.Equal(ScalarType.Float32, reader.DType("lm_head.weight"));
        var target = folder.File("model");
        CheckpointWriter.Write(target, Sources(reader), maxShardSize: 50_000);
        using var written = CheckpointReader.Open(target);
        Assert.Equal(reader.Names.Order(), written.Names.Order());
        Assert.True(Directory.GetFiles(target, "model-*-of-*.safetensors").Length >= 3);
        foreach (var name in reader.Names)
        {
            using var scope = NewDisposeScope();
            Assert.True(reader.Read(name).equal(written.Read(name)).all().item<bool>());
        }

        var index = File.ReadAllText(Path.Combine(target, "model.safetensors.index.json"));
        Assert.StartsWith(File.ReadAllText(Path.Combine(Fixtures.Model("qwen2"), "model.safetensors.index.json"))[..100], index);
    }

    [Fact]
    public void Writing_again_replaces_the_weights_and_keeps_everything_else()
    {
        using var reader = CheckpointReader.Open(Fixtures.Model("qwen2"));
        var target = folder.File("model");
        CheckpointWriter.Write(target, Sources(reader), maxShardSize: 50_000);
        File.WriteAllText(Path.Combine(target, "config.json"), "{}");
        Directory.CreateDirectory(Path.Combine(target, "logs", "deep"));
        File.WriteAllText(Path.Combine(target, "logs", "deep", "model.txt"), "kept");
        CheckpointWriter.Write(target, Sources(reader));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(target).Select(f => Path.GetFileName(f)).Order());
        Assert.Equal("kept", File.ReadAllText(Path.Combine(target, "logs", "deep", "model.txt")));
        Assert.Equal([target], Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b.safetensors")]
    [InlineData("..\\\\outside.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    public void An_index_that_leaves_its_folder_is_refused(string file)
    {
        folder.Write("model.safetensors.index.json", $$"""{"weight_map": {"a": "{{file}}"} }""");
        var error = Assert.Throws<InputException>(() => CheckpointReader.Open(folder.Path));
        Assert.Equal($"{folder.File("model.safetensors.index.json")} names the file '{file.Replace("\\\\", "\\")}', which is not a plain file name. "
            + "Shards must lie beside the index; do not use a checkpoint from a source you do not trust.", error.Message);
    }

    [Fact]
    public void Missing_shards_and_disagreements_are_named()
    {
        using var one = ones(2);
        var index = folder.Write("model.safetensors.index.json", """{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}""");
        AssertError($"{index} names 2 files, of which 2 are missing: 1.safetensors, 2.safetensors. Download them into the same folder.");
        SafetensorsWriter.Write(folder.File("1.safetensors"), new Dictionary<string, Tensor> { ["a"] = one, ["b"] = one });
        SafetensorsWriter.Write(folder.File("2.safetensors"), new Dictionary<string, Tensor>());
        AssertError($"{index} and its shards disagree: tensor 'b' should be in 2.safetensors, but 1.safetensors has it. Download the checkpoint again.");
        SafetensorsWriter.Write(folder.File("2.safetensors"), new Dictionary<string, Tensor> { ["b"] = one, ["c"] = one });
        AssertError($"{index} and its shards disagree: 2.safetensors holds tensor 'c', which the index does not list. Download the checkpoint again.");
        folder.Write("model.safetensors.index.json", """{"weight_map": [1]}""");
        AssertError($"{index} is not an index of shards: it must be a JSON object whose 'weight_map' gives a file for each tensor. Download it again.");

        void AssertError(string expected) => Assert.Equal(expected, Assert.Throws<InputException>(() => CheckpointReader.Open(folder.Path)).Message);
    }

    [Fact]
    public void A_folder_without_weights_says_what_was_looked_for()
    {
        AssertError("/nowhere", "There is no model folder '/nowhere'. Give a folder with config.json, the weights (*.safetensors) and the tokenizer.");
        AssertError(folder.Path, $"{folder.Path} has neither model.safetensors nor model.safetensors.index.json. Download the weights into this folder, or name the folder that has them.");
        folder.Write("pytorch_model.bin", "");
        AssertError(folder.Path, $"{folder.Path} has neither model.safetensors nor model.safetensors.index.json; it has pytorch_model.bin, "
            + "a format that is not read. Convert the weights to safetensors, or download that variant.");

        static void AssertError(string path, string expected) => Assert.Equal(expected, Assert.Throws<InputException>(() => CheckpointReader.Open(path)).Message);
    }

    [Fact]
    public void A_missing_tensor_names_the_nearest()
    {
        using var reader = CheckpointReader.Open(Fixtures.Model("llama"));
        Assert.Equal($"The checkpoint in {Fixtures.Model("llama")} has no tensor 'model.layers.9.self_attn.q_proj.weight'; the nearest is "
            + "'model.layers.0.self_attn.q_proj.weight'. Check that config.json and the weights belong together.",
            Assert.Throws<InputException>(() => reader.Read("model.layers.9.self_attn.q_proj.weight")).Message);
    }

    private static List<TensorSource> Sources(CheckpointReader reader)
        => [.. reader.Names.Select(n => new TensorSource(n, reader.DType(n), reader.Shape(n), () => reader.Read(n)))];

    private static TensorSource Source(SafetensorsFile file, SafetensorsEntry entry) => new(entry.Name, entry.DType, entry.Shape, () => file.Read(entry.Name));
}
