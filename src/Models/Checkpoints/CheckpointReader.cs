using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>The weights of a model folder: one <c>model.safetensors</c>, or shards that <c>model.safetensors.index.json</c> lists.</summary>
/// <remarks>All files are mapped and their headers checked when it is opened. Threads may read at the same time.</remarks>
public sealed class CheckpointReader : IDisposable
{
    /// <summary>The name of an unsharded file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The name of the index of shards.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> files;
    private readonly Dictionary<string, SafetensorsFile> byName = [];

    private CheckpointReader(string folder, List<SafetensorsFile> files)
    {
        (Folder, this.files) = (folder, files);
        foreach (var file in files)
        {
            foreach (var entry in file.Entries)
            {
                byName.TryAdd(entry.Name, file);
            }
        }

        Names = [.. files.SelectMany(f => f.Entries).Select(e => e.Name).Distinct()];
    }

    /// <summary>The model folder.</summary>
    public string Folder { get; }

    /// <summary>The tensors' names in the order of the files.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Bytes of all tensors as stored.</summary>
    public long Bytes => Names.Sum(n => Entry(n).Bytes);

    /// <summary>Opens the weights of a folder.</summary>
    /// <exception cref="InputException">The folder, a shard or a tensor is missing, a file is damaged, or index and shards disagree.</exception>
    public static CheckpointReader Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"There is no model folder '{folder}'. Give a folder with config.json, the weights (*.safetensors) and the tokenizer.");
        }

        var single = Path.Combine(folder, SingleFile);
        var index = Path.Combine(folder, IndexFile);
        if (File.Exists(single))
        {
            return new CheckpointReader(folder, [SafetensorsFile.Open(single)]);
        }

        return File.Exists(index) ? OpenShards(folder, CheckpointIndex.Read(index)) : throw Missing(folder);
    }

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>A tensor's shape.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public IReadOnlyList<long> Shape(string name) => Entry(name).Shape;

    /// <summary>The dtype a tensor is read as by default.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public ScalarType DType(string name) => Entry(name).DType;

    /// <summary>A tensor's description.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public SafetensorsEntry Entry(string name) => Holder(name).Entry(name);

    /// <summary>Reads a tensor; see <see cref="SafetensorsFile.Read"/>.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null) => Holder(name).Read(name, dtype, device);

    /// <summary>Unmaps the files. Tensors that were read stay.</summary>
    public void Dispose()
    {
        foreach (var file in files)
        {
            file.Dispose();
        }
    }

    private SafetensorsFile Holder(string name)
        => byName.TryGetValue(name, out var file) ? file : throw new InputException($"The checkpoint in {Folder} has no tensor '{name}'"
            + $"{(Nearest(name) is { } near ? $"; the nearest is '{near}'" : "")}. Check that config.json and the weights belong together.");

    private string? Nearest(string name)
    {
        var ending = name[(name.LastIndexOf('.', Math.Max(0, name.LastIndexOf('.') - 1)) + 1)..];
        return Names.FirstOrDefault(n => n.EndsWith(ending, StringComparison.Ordinal));
    }

    private static CheckpointReader OpenShards(string folder, CheckpointIndex index)
    {
        var missing = index.Files.Where(f => !File.Exists(Path.Combine(folder, f))).ToList();
        if (missing.Count > 0)
        {
            throw new InputException($"{index.Path} names {index.Files.Count} files, of which {missing.Count} are missing: {string.Join(", ", missing.Take(5))}. "
                + "Download them into the same folder.");
        }

        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var file in index.Files)
            {
                files.Add(SafetensorsFile.Open(Path.Combine(folder, file)));
            }

            index.Check(files);
            return new CheckpointReader(folder, files);
        }
        catch
        {
            files.ForEach(f => f.Dispose());
            throw;
        }
    }

    private static InputException Missing(string folder)
    {
        var other = Directory.EnumerateFiles(folder).Select(Path.GetFileName).Where(f => f!.EndsWith(".bin", StringComparison.Ordinal)
            || f.EndsWith(".pth", StringComparison.Ordinal) || f.EndsWith(".gguf", StringComparison.Ordinal)).Order().ToList();
        return new InputException($"{folder} has neither {SingleFile} nor {IndexFile}" + (other.Count > 0
            ? $"; it has {string.Join(", ", other.Take(3))}, a format that is not read. Convert the weights to safetensors, or download that variant."
            : ". Download the weights into this folder, or name the folder that has them."));
    }
}
