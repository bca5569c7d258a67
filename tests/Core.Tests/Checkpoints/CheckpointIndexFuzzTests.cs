using System.Diagnostics;
using CsCheck;
using Neoteny.Models.Checkpoints;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Checkpoints;

/// <summary>An index may say anything: it ends in an input error, or in the tensors of shards beside it.</summary>
public class CheckpointIndexFuzzTests
{
    private const int Inputs = 12_000;
    private const string Header = """{"NAME":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}MORE}""";

    [Fact]
    public void Twelve_thousand_indices_never_lead_out_of_their_folder()
    {
        using var root = new TemporaryFolder();
        var folder = Directory.CreateDirectory(root.File("model")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        var more = ""","b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}""";
        Write(Path.Combine(folder, "one.safetensors"), "a", more, [1, 2]);
        Write(Path.Combine(folder, "two.safetensors"), "c", "", [3]);

        // Whoever followed a path out of the folder, or below it, would find what the index asks for.
        Write(root.File("outside.safetensors"), "c", "", [77]);
        Write(Path.Combine(folder, "sub", "inner.safetensors"), "c", "", [77]);

        var (refused, opened) = (0, 0);
        var watch = Stopwatch.StartNew();
        var path = Path.Combine(folder, CheckpointReader.IndexFile);
        MalformedIndices.Gen.Sample(
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                if (Opens(folder))
                {
                    opened++;
                }
                else
                {
                    refused++;
                }
            },
            iter: Inputs,
            threads: 1);
        Assert.Equal(Inputs, opened + refused);
        Assert.InRange(opened, Inputs / 20, Inputs);
        Assert.InRange(refused, Inputs / 2, Inputs);
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(3), $"{watch.Elapsed}");
    }

    [Theory]
    [InlineData("\"../outside.safetensors\"")]
    [InlineData("\"/etc/passwd\"")]
    [InlineData("\"..\\\\outside.safetensors\"")]
    [InlineData("\"one.safetensors\\u0000\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    public void A_path_is_refused_by_name(string file)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(CheckpointReader.IndexFile), $"{{\"weight_map\":{{\"a\":{file}}}}}");
        Assert.Contains("which is not a plain file name", Assert.Throws<InputException>(() => CheckpointReader.Open(folder.Path)).Message);
    }

    private static bool Opens(string folder)
    {
        try
        {
            using var reader = CheckpointReader.Open(folder);
            Assert.Equal(reader.Names.Order(), MalformedIndices.Right.Select(r => r.Tensor).Where(reader.Contains).Order());
            foreach (var name in reader.Names)
            {
                using var tensor = reader.Read(name);
                Assert.Equal(name[0] - 'a' + 1, tensor.item<byte>());
            }

            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static void Write(string path, string name, string more, byte[] data)
    {
        var header = System.Text.Encoding.UTF8.GetBytes(Header.Replace("NAME", name, StringComparison.Ordinal).Replace("MORE", more, StringComparison.Ordinal));
        File.WriteAllBytes(path, SafetensorsBytes.Of((ulong)header.Length, header, data));
    }
}
