using System.Text.Json;

namespace Neoteny.Models.Checkpoints;

/// <summary>The index of a sharded checkpoint: which file holds which tensor.</summary>
internal sealed class CheckpointIndex
{
    private readonly Dictionary<string, string> map = [];

    private CheckpointIndex(string path) => Path = path;

    public string Path { get; }

    /// <summary>The shards, each once, in the order of their names.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>Reads an index. Shards must be plain names of files in the same folder.</summary>
    /// <exception cref="InputException">It is malformed or names a file elsewhere.</exception>
    public static CheckpointIndex Read(string path)
    {
        var index = new CheckpointIndex(path);
        try
        {
            using var stream = File.OpenRead(path);
            using var json = JsonDocument.Parse(stream);
            foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                index.map[entry.Name] = index.Plain(entry.Value.GetString());
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InputException($"{path} is not an index of shards: it must be a JSON object whose 'weight_map' gives a file for each tensor. Download it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read: {e.Message} Check its permissions.", e);
        }

        index.Files = [.. index.map.Values.Distinct().Order(StringComparer.Ordinal)];
        return index;
    }

    /// <summary>Checks that the shards hold what the index says, no more and no less.</summary>
    /// <exception cref="InputException">They do not.</exception>
    public void Check(IReadOnlyList<SafetensorsFile> files)
    {
        var held = files.ToDictionary(f => System.IO.Path.GetFileName(f.Path));
        foreach (var (name, file) in map)
        {
            if (!held[file].Contains(name))
            {
                var actual = held.FirstOrDefault(f => f.Value.Contains(name)).Key;
                throw Disagree($"tensor '{name}' should be in {file}, but {(actual is null ? "no shard has it" : $"{actual} has it")}.");
            }
        }

        foreach (var (file, shard) in held)
        {
            if (shard.Entries.FirstOrDefault(e => !map.ContainsKey(e.Name)) is { } extra)
            {
                throw Disagree($"{file} holds tensor '{extra.Name}', which the index does not list.");
            }
        }
    }

    private string Plain(string? file)
        => file is { Length: > 0 and < 256 } && file.AsSpan().IndexOfAny('/', '\\', '\0') < 0 && file is not ("." or "..")
            ? file
            : throw new InputException($"{Path} names the file '{file}', which is not a plain file name. Shards must lie beside the index; do not use a checkpoint from a source you do not trust.");

    private InputException Disagree(string what) => new($"{Path} and its shards disagree: {what} Download the checkpoint again.");
}
