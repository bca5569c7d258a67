using System.Text.Json;
using Parquet;
using Parquet.Serialization;

namespace Neoteny.Training.Data;

/// <summary>Reads the rows of parquet files as records, a row group at a time.</summary>
internal static class ParquetFiles
{
    public static bool Reads(string file) => Path.GetExtension(file) == ".parquet";

    /// <summary>The rows of a file.</summary>
    /// <exception cref="InputException">The file is missing or no parquet file; the message starts with it.</exception>
    public static IEnumerable<JsonRecord> Read(string file)
    {
        var index = 0;
        for (var group = 0; group < Guard(file, () => GroupCount(file)); group++)
        {
            var at = group;
            foreach (var row in Guard(file, () => Group(file, at)))
            {
                yield return new JsonRecord(JsonSerializer.SerializeToElement(row), $"{file}, record {++index}");
            }
        }
    }

    private static int GroupCount(string file)
    {
        using var stream = File.OpenRead(file);
        var reader = ParquetReader.CreateAsync(stream).GetAwaiter().GetResult();
        try
        {
            return reader.RowGroupCount;
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static IReadOnlyList<Dictionary<string, object>> Group(string file, int group)
    {
        using var stream = File.OpenRead(file);
        return [.. ParquetSerializer.DeserializeUntypedAsync(stream, null, group).GetAwaiter().GetResult().Data];
    }

    private static T Guard<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not NeotenyException and not OutOfMemoryException)
        {
            throw new InputException($"{file}: is not a parquet file that can be read: {e.Message} Download it again, or convert it to JSONL.", e);
        }
    }
}
