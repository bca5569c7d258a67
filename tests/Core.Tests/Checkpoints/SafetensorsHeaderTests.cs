using System.Diagnostics;
using System.Text;
using CsCheck;
using Neoteny.Models.Checkpoints;

namespace Neoteny.Core.Tests.Checkpoints;

public class SafetensorsHeaderTests
{
    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12,
        "tensor 'b' overlaps tensor 'a' (it begins at byte 4, the other ends at 8).")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""", 16,
        "tensor 'b' begins at byte 12, which leaves a gap after byte 8.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "tensor 'a' lies at bytes 0 to 8, but the file holds 7 bytes of data: it is truncated.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "the header describes 8 bytes of data, but the file holds 9.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "tensor 'a' takes 8 bytes, but its shape [3] and dtype F32 need 12.")]
    [InlineData("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8,
        "tensor 'a' has the dtype 'F33'. Known are BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, F16, BF16, I32, F32, F64, I64.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "tensor 'a' 'shape' must be a list of at most 64 whole numbers from 0 to 9223372036854775807.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", 8, "tensor 'a' has the impossible shape [4294967296, 4294967296].")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "tensor 'a' lies at bytes 8 to 0, but the file holds 8 bytes of data.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "tensor 'a' needs a dtype, a shape and two data_offsets.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0, "tensor 'a' occurs twice in the header.")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}""", 0, "the header is not the JSON object that the format prescribes.")]
    [InlineData("""[]""", 0, "the header is not the JSON object that the format prescribes.")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "the header is not the JSON object that the format prescribes.")]
    [InlineData("""{}{}""", 0, "the header is not the JSON object that the format prescribes.")]
    public void A_malformed_header_is_refused_with_its_reason(string header, int dataBytes, string reason)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("x.safetensors");
        File.WriteAllBytes(path, SafetensorsBytes.Of(header, dataBytes));
        var error = Assert.Throws<InputException>(() => SafetensorsFile.Open(path));
        Assert.Equal($"{path} is not a valid safetensors file: {reason} Download or write the file again.", error.Message);
    }

    [Fact]
    public void Impossible_lengths_are_refused()
    {
        using var folder = new TemporaryFolder();
        AssertReason([], "the file has 0 bytes, fewer than the 8 that a safetensors file begins with.");
        AssertReason([1, 0, 0], "the file has 3 bytes, fewer than the 8 that a safetensors file begins with.");
        AssertReason(SafetensorsBytes.Of(100, "{}"u8.ToArray(), []), "the header claims 100 bytes, but only 2 follow: the file is truncated.");
        AssertReason(SafetensorsBytes.Of(ulong.MaxValue, "{}"u8.ToArray(), []), "the header claims 18446744073709551615 bytes, more than the 100000000 that are allowed.");

        void AssertReason(byte[] bytes, string reason)
        {
            File.WriteAllBytes(folder.File("x"), bytes);
            var error = Assert.Throws<InputException>(() => SafetensorsFile.Open(folder.File("x")));
            Assert.Contains(reason, error.Message);
        }
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_named()
    {
        using var folder = new TemporaryFolder();
        Assert.StartsWith($"There is no file {folder.File("no")}.", Assert.Throws<InputException>(() => SafetensorsFile.Open(folder.File("no"))).Message);
        Assert.StartsWith($"{folder.Path} cannot be read:", Assert.Throws<InputException>(() => SafetensorsFile.Open(folder.Path)).Message);
    }

    [Fact]
    public void Twenty_thousand_damaged_headers_end_in_an_input_error_or_a_consistent_header()
    {
        var (refused, accepted) = (0, 0);
        MalformedHeaders.Gen.Sample(
            bytes =>
            {
                try
                {
                    var length = SafetensorsHeader.Length("f", bytes.AsSpan(0, Math.Min(8, bytes.Length)), bytes.Length);
                    var header = SafetensorsHeader.Parse("f", bytes.AsSpan(8, length), bytes.Length);
                    Assert.Equal(bytes.Length - header.DataStart, header.Entries.Sum(e => e.Bytes));
                    Interlocked.Increment(ref accepted);
                }
                catch (InputException)
                {
                    Interlocked.Increment(ref refused);
                }
            },
            iter: 20_000);
        Assert.Equal(20_000, refused + accepted);
        Assert.InRange(refused, 10_000, 20_000);
    }

    [Fact]
    public void Ten_thousand_damaged_files_open_and_read_or_are_refused_within_little_memory()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("x.safetensors");
        var (read, most) = (0, 0L);
        MalformedHeaders.Gen.Sample(
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    using var file = SafetensorsFile.Open(path);
                    foreach (var entry in file.Entries)
                    {
                        using var tensor = file.Read(entry.Name);
                        Assert.Equal(entry.Shape, tensor.shape);
                        read++;
                    }
                }
                catch (InputException)
                {
                    // Refused; the header test counts those.
                }

                most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
            },
            iter: 10_000,
            threads: 1);
        Assert.InRange(read, 100, int.MaxValue);

        // What a header of some hundred bytes claims must not be allocated before it is checked.
        Assert.InRange(most, 0, 1 << 20);
    }

    [Fact]
    public void A_deeply_nested_or_crowded_header_is_read_in_bounded_time()
    {
        var clock = Stopwatch.StartNew();
        var deep = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 1_000_000)));
        Assert.Throws<InputException>(() => SafetensorsHeader.Parse("f", deep, 8 + deep.Length));
        var crowd = Encoding.UTF8.GetBytes("{" + string.Join(",", Enumerable.Range(0, 200_000).Select(i => $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}")) + "}");
        Assert.Equal(200_000, SafetensorsHeader.Parse("f", crowd, 8 + crowd.Length).Entries.Count);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);
    }
}
