using Neoteny.Models.Checkpoints;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Checkpoints;

public class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public SafetensorsFileTests() => LibTorch.Load();

    public void Dispose() => folder.Dispose();

    public static TheoryData<ScalarType> Types() => [.. SafetensorsType.All.Where(t => t.Native == (int)t.Read).Select(t => t.Read)];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_tensor_of_every_dtype_comes_back_as_it_was_written(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var written = tensor(new double[] { 0, 1, 2, 3, 4, 127 }).to(type).reshape(2, 3);
        SafetensorsWriter.Write(folder.File("x"), new Dictionary<string, Tensor> { ["a.weight"] = written, ["empty"] = empty(0, 4, dtype: type), ["one"] = written[1, 2] });
        using var file = SafetensorsFile.Open(folder.File("x"));
        Assert.Equal(["a.weight", "empty", "one"], file.Entries.Select(e => e.Name));
        Assert.Equal("pt", file.Metadata["format"]);
        foreach (var (name, expected) in new[] { ("a.weight", written), ("one", written[1, 2]), ("empty", empty(0, 4, dtype: type)) })
        {
            using var read = file.Read(name);
            Assert.Equal(type, read.dtype);
            Assert.Equal(expected.shape, read.shape);
            Assert.True(read.equal(expected).all().item<bool>());
        }

        using var converted = file.Read("a.weight", ScalarType.Float32);
        Assert.Equal(written.to(ScalarType.Float32).data<float>().ToArray(), converted.data<float>().ToArray());
    }

    [Fact]
    public void A_read_tensor_outlives_the_file_and_the_scope()
    {
        Tensor read;
        using (var file = SafetensorsFile.Open(Path.Combine(Fixtures.Model("mistral"), "model.safetensors")))
        using (NewDisposeScope())
        {
            read = file.Read("model.norm.weight", ScalarType.Float32);
            Assert.Equal(ScalarType.BFloat16, file.Entry("model.norm.weight").DType);
        }

        Assert.Equal(32, read.data<float>().ToArray().Count(float.IsFinite));
        read.Dispose();
    }

    [Fact]
    public void Eight_bit_floats_are_bytes_until_converted()
    {
        var path = Path.Combine(Fixtures.Folder, "quant", "fp8", "reference.safetensors");
        using var file = SafetensorsFile.Open(path);
        var checkedTensors = 0;
        foreach (var entry in file.Entries.Where(e => e.StoredType is "F8_E4M3" or "F8_E5M2"))
        {
            using var scope = NewDisposeScope();
            var bytes = file.Read(entry.Name);
            Assert.Equal(ScalarType.Byte, bytes.dtype);
            var table = file.Read(entry.StoredType == "F8_E4M3" ? "fp8.e4m3fn.values" : "fp8.e5m2.values");
            var expected = table.index_select(0, bytes.flatten().to(ScalarType.Int64));
            var values = file.Read(entry.Name, ScalarType.Float32).flatten();
            Assert.Equal(expected.data<float>().ToArray(), values.data<float>().ToArray());
            checkedTensors++;
        }

        Assert.InRange(checkedTensors, 4, 100);
    }

    [Fact]
    public void Data_that_is_not_aligned_is_read_all_the_same()
    {
        var header = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""";
        File.WriteAllBytes(folder.File("x"), SafetensorsBytes.Of(header, [7, .. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-2f)]));
        using var file = SafetensorsFile.Open(folder.File("x"));
        using var plain = file.Read("a");
        using var half = file.Read("a", ScalarType.Float16);
        using var single = half.to(ScalarType.Float32);
        Assert.Equal([1.5f, -2f], plain.data<float>().ToArray());
        Assert.Equal([1.5f, -2f], single.data<float>().ToArray());
    }

    [Fact]
    public void Tensors_larger_than_a_chunk_are_whole()
    {
        using var scope = NewDisposeScope();
        var written = arange(9_000_001, dtype: ScalarType.Int32).reshape(9_000_001, 1);
        SafetensorsWriter.Write(folder.File("x"), new Dictionary<string, Tensor> { ["a"] = written, ["b"] = written.slice(0, 0, 1000, 3) });
        using var file = SafetensorsFile.Open(folder.File("x"));
        Assert.True(file.Read("a").equal(written).all().item<bool>());
        Assert.True(file.Read("a", ScalarType.Float64).equal(written).all().item<bool>());
        Assert.True(file.Read("b").equal(written.slice(0, 0, 1000, 3)).all().item<bool>());
    }

    [Fact]
    public void Threads_may_read_at_the_same_time()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Fixtures.Model("llama"), "model.safetensors"));
        var sums = Enumerable.Range(0, 8).AsParallel().Select(_ =>
        {
            using var t = file.Read("lm_head.weight");
            using var sum = t.sum();
            return sum.item<float>();
        }).ToList();
        Assert.Single(sums.Distinct());
    }

    [Fact]
    public void A_tensor_that_is_not_there_is_named()
    {
        var path = Path.Combine(Fixtures.Model("llama"), "model.safetensors");
        using var file = SafetensorsFile.Open(path);
        Assert.Equal($"{path} has no tensor 'x'; it holds {file.Entries.Count} tensors, lm_head.weight, model.embed_tokens.weight, model.layers.0.input_layernorm.weight and more.",
            Assert.Throws<InputException>(() => file.Read("x")).Message);
    }

    [Fact]
    public void A_closed_file_is_not_read()
    {
        var file = SafetensorsFile.Open(Path.Combine(Fixtures.Model("llama"), "model.safetensors"));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read("lm_head.weight"));
    }
}
