using System.Text.Json;

namespace Neoteny.Training.Data;

/// <summary>Reads records: JSONL (one object a line), or a file that is one JSON list of objects.</summary>
internal static class JsonFiles
{
    private static readonly string[] Extensions = [".jsonl", ".json", ".parquet"];

    /// <summary>The files of a dataset in reading order.</summary>
    /// <param name="path">A file or a folder; already resolved.</param>
    /// <param name="dataFiles">Files below that folder, or on their own; null for all.</param>
    /// <exception cref="InputException">There is no such file, or the folder has none.</exception>
    public static IReadOnlyList<string> Find(string path, IReadOnlyList<string>? dataFiles)
    {
        if (dataFiles is { Count: > 0 })
            return [.. dataFiles.Select(f => Existing(Directory.Exists(path) ? Path.Combine(path, f) : f))];
        if (!Directory.Exists(path))
            return [Existing(path)];

        string[] found = [.. Directory.EnumerateFiles(path).Where(f => Extensions.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal)];
        return found.Length > 0
            ? found
            : throw new InputException($"The dataset folder {path} holds no .jsonl, .json or .parquet file. Put the data there, or name the files in data_files.");
    }

    /// <summary>The records of a file.</summary>
    /// <exception cref="InputException">A line is malformed; the message starts with file and line.</exception>
    public static IEnumerable<JsonRecord> Read(string file)
    {
        using var reader = Open(file);
        var first = reader.Peek();
        while (first >= 0 && char.IsWhiteSpace((char)first))
        {
            reader.Read();
            first = reader.Peek();
        }

        foreach (var record in first == '[' ? ReadList(file) : ReadLines(file))
            yield return record;
    }

    private static IEnumerable<JsonRecord> ReadLines(string file)
    {
        using var reader = Open(file);
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            if (!string.IsNullOrWhiteSpace(text))
                yield return Record(Parse(text, $"{file}:{line}"), $"{file}:{line}");
        }
    }

    private static IEnumerable<JsonRecord> ReadList(string file)
    {
        using var reader = Open(file);
        var index = 0;
        foreach (var element in Parse(reader.ReadToEnd(), file).EnumerateArray())
            yield return Record(element, $"{file}, record {++index}");
    }

    private static JsonRecord Record(JsonElement element, string place) => element.ValueKind == JsonValueKind.Object
        ? new JsonRecord(element, place)
        : throw new InputException($"{place}: holds {JsonRecord.Describe(element.ValueKind)}; every record must be a JSON object, such as {{\"text\": \"...\"}}.");

    private static JsonElement Parse(string text, string place)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException e)
        {
            var column = e.LineNumber is null or 0 ? e.BytePositionInLine + 1 : null;
            throw new InputException($"{place}: is not valid JSON{(column is null ? "" : $" (near byte {column})")}: {Reason(e)} Each line must be one complete JSON object.", e);
        }
    }

    /// <summary>The message without the position that the serializer appends, which counts lines within the record.</summary>
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var path = e.Message.IndexOf(" Path:", StringComparison.Ordinal);
        var cut = new[] { end, path }.Where(i => i >= 0).DefaultIfEmpty(e.Message.Length).Min();
        return e.Message[..cut];
    }

    private static StreamReader Open(string file)
    {
        try
        {
            return new StreamReader(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The dataset file {file} cannot be read: {e.Message}", e);
        }
    }

    private static string Existing(string file) => File.Exists(file)
        ? file
        : throw new InputException($"There is no dataset file or folder at {Path.GetFullPath(file)}. Give the path of a JSONL or parquet file or of a folder with such files, or an id of the hub: org/name.");
}
