using System.Buffers.Binary;
using System.Text.Json;

namespace Neoteny.Models.Checkpoints;

/// <summary>The checked header of a safetensors file.</summary>
/// <remarks>
/// Layout: 8 bytes little-endian length, that many bytes of JSON, then the data. As the format demands, tensors cover the data without
/// overlap, gap or remainder. Checking takes time and memory in proportion to the header, which is at most <see cref="LongestHeader"/>.
/// </remarks>
internal sealed class SafetensorsHeader
{
    public const long LongestHeader = 100_000_000;
    private const int MostDimensions = 64;

    private readonly string path;
    private readonly long dataLength;
    private readonly List<SafetensorsEntry> entries = [];
    private readonly Dictionary<string, string> metadata = [];

    private SafetensorsHeader(string path, long dataLength, long dataStart) => (this.path, this.dataLength, DataStart) = (path, dataLength, dataStart);

    /// <summary>Where the data part begins in the file.</summary>
    public long DataStart { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => entries;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>How many bytes the header of a file takes, without the 8 of its length.</summary>
    /// <exception cref="InputException">The file is too short, or the length is impossible.</exception>
    public static int Length(string path, ReadOnlySpan<byte> start, long fileLength)
    {
        if (start.Length < 8)
        {
            throw Damaged(path, $"the file has {fileLength} bytes, fewer than the 8 that a safetensors file begins with.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        return length > LongestHeader ? throw Damaged(path, $"the header claims {length} bytes, more than the {LongestHeader} that are allowed.")
            : (long)length > fileLength - 8 ? throw Damaged(path, $"the header claims {length} bytes, but only {fileLength - 8} follow: the file is truncated.")
            : (int)length;
    }

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="InputException">Anything in it is wrong; the message names the file and the tensor.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long fileLength)
    {
        var header = new SafetensorsHeader(path, fileLength - 8 - json.Length, 8 + json.Length);
        try
        {
            header.ReadAll(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Damaged(path, "the header is not the JSON object that the format prescribes.", e);
        }

        header.CheckLayout();
        return header;
    }

    private void ReadAll(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        Expect(ref reader, JsonTokenType.StartObject);
        var names = new HashSet<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!names.Add(name))
            {
                throw Damaged(path, $"tensor '{Shorten(name)}' occurs twice in the header.");
            }

            Expect(ref reader, JsonTokenType.StartObject);
            if (name == "__metadata__")
            {
                ReadMetadata(ref reader);
            }
            else
            {
                entries.Add(ReadEntry(ref reader, name));
            }
        }

        // Reading on proves that nothing but white space follows the object.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String);
            metadata[key] = reader.GetString()!;
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString();
            if (key == "dtype")
            {
                Expect(ref reader, JsonTokenType.String);
                type = reader.GetString();
            }
            else if (key == "shape")
            {
                shape = ReadNumbers(ref reader, name, key);
            }
            else if (key == "data_offsets")
            {
                offsets = ReadNumbers(ref reader, name, key);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return type is null || shape is null || offsets is not { Length: 2 }
            ? throw Bad(name, "needs a dtype, a shape and two data_offsets.")
            : Check(name, type, shape, offsets[0], offsets[1]);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string key)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0 || numbers.Count == MostDimensions)
            {
                throw Bad(name, $"'{key}' must be a list of at most {MostDimensions} whole numbers from 0 to {long.MaxValue}.");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private SafetensorsEntry Check(string name, string typeName, long[] shape, long begin, long end)
    {
        var type = SafetensorsType.Named(typeName)
            ?? throw Bad(name, $"has the dtype '{Shorten(typeName)}'. Known are {string.Join(", ", SafetensorsType.All.Select(t => t.Name))}.");
        var text = string.Join(", ", shape);
        if (begin > end || end > dataLength)
        {
            throw Bad(name, $"lies at bytes {begin} to {end}, but the file holds {dataLength} bytes of data{(begin <= end ? ": it is truncated." : ".")}");
        }

        UInt128 bytes = (UInt128)type.Size;
        foreach (var size in shape)
        {
            bytes *= (ulong)Math.Max(size, 1);
            if (bytes > long.MaxValue)
            {
                throw Bad(name, $"has the impossible shape [{text}].");
            }
        }

        bytes = shape.Contains(0) ? 0 : bytes;
        return bytes == (ulong)(end - begin)
            ? new SafetensorsEntry(name, type, shape, begin, end)
            : throw Bad(name, $"takes {end - begin} bytes, but its shape [{text}] and dtype {typeName} need {bytes}.");
    }

    private void CheckLayout()
    {
        entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        SafetensorsEntry? previous = null;
        foreach (var entry in entries)
        {
            var expected = previous?.End ?? 0;
            if (entry.Begin != expected)
            {
                throw Bad(entry.Name, entry.Begin < expected
                    ? $"overlaps tensor '{Shorten(previous!.Name)}' (it begins at byte {entry.Begin}, the other ends at {expected})."
                    : $"begins at byte {entry.Begin}, which leaves a gap after byte {expected}.");
            }

            previous = entry;
        }

        if ((previous?.End ?? 0) != dataLength)
        {
            throw Damaged(path, $"the header describes {previous?.End ?? 0} bytes of data, but the file holds {dataLength}.");
        }
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException($"Expected {type}.");
        }
    }

    private static string Shorten(string text)
    {
        var clean = string.Concat(text.Take(100).Select(c => char.IsControl(c) ? '?' : c));
        return text.Length > 100 ? clean + "..." : clean;
    }

    private InputException Bad(string name, string what) => Damaged(path, $"tensor '{Shorten(name)}' {what}");

    private static InputException Damaged(string path, string what, Exception? inner = null)
        => new($"{path} is not a valid safetensors file: {what} Download or write the file again.", inner);
}
