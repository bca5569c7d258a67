using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>Writes safetensors files with the layout of the format's own library: larger dtypes first, then by name, the header padded to 8 bytes.</summary>
public static class SafetensorsWriter
{
    private const long ChunkBytes = 16 << 20;

    /// <summary>Writes tensors to a file: beside it first, flushed to the disk, then renamed into place.</summary>
    /// <param name="path">The file; one that exists is replaced, and stays as it is when anything fails.</param>
    /// <param name="tensors">The tensors, with names of their own.</param>
    /// <param name="metadata">What to note; null for <c>format</c>: <c>pt</c>, which other libraries ask for.</param>
    /// <exception cref="InputException">The folder is missing or not writable.</exception>
    /// <exception cref="NeotenyException">The disk is full or failed, or a dtype cannot be stored.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = InFileOrder(tensors);
        AtomicFile.Write(path, stream => Write(stream, ordered, metadata));
    }

    /// <summary>Writes tensors that exist; they are borrowed.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{TensorSource}, IReadOnlyDictionary{string, string})"/>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
        => Write(path, tensors.Select(t => new TensorSource(t.Key, t.Value)), metadata);

    private static List<TensorSource> InFileOrder(IEnumerable<TensorSource> tensors)
    {
        var rank = SafetensorsType.All.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i);
        var ordered = tensors.OrderByDescending(t => rank[t.Type]).ThenBy(t => t.Name, StringComparer.Ordinal).ToList();
        return ordered.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new ArgumentException($"Two tensors are named '{twice.Key}'.", nameof(tensors))
            : ordered;
    }

    private static void Write(Stream stream, List<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var json = Header(tensors, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        var padding = (8 - (json.WrittenCount % 8)) % 8;
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.WrittenCount + padding);
        stream.Write(length);
        stream.Write(json.WrittenSpan);
        stream.Write("        "u8[..padding]);
        foreach (var source in tensors)
        {
            using var tensor = source.Get();
            WriteData(stream, source, tensor);
        }
    }

    private static ArrayBufferWriter<byte> Header(List<TensorSource> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteStartObject("__metadata__");
        foreach (var (key, value) in metadata)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
        long at = 0;
        foreach (var tensor in tensors)
        {
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.Name);
            WriteNumbers(json, "shape", tensor.Shape);
            WriteNumbers(json, "data_offsets", [at, at += tensor.Bytes]);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static void WriteData(Stream stream, TensorSource source, Tensor tensor)
    {
        if (tensor.dtype != source.DType || !tensor.shape.SequenceEqual(source.Shape))
        {
            throw new NeotenyException($"Tensor '{source.Name}' was announced as {source.DType} [{string.Join(", ", source.Shape)}], "
                + $"but is {tensor.dtype} [{string.Join(", ", tensor.shape)}].");
        }

        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.contiguous().view(-1);
        var (count, step) = (flat.size(0), ChunkBytes / source.Type.Size);
        for (long at = 0; at < count; at += step)
        {
            using var part = flat.narrow(0, at, Math.Min(step, count - at));
            using var onHost = part.cpu();
            stream.Write(onHost.bytes);
            GC.KeepAlive(onHost);
        }
    }
}
