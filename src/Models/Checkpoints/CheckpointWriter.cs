using System.Text.Json;

namespace Neoteny.Models.Checkpoints;

/// <summary>Writes the weights of a model folder as the Hugging Face libraries do: one file, or shards with an index.</summary>
public static class CheckpointWriter
{
    /// <summary>The size above which weights are split unless another is asked for: 5 GB.</summary>
    public static readonly long DefaultShardSize = 5_000_000_000;

    /// <summary>Writes weights into a model folder, replacing those it has in one step.</summary>
    /// <param name="folder">The model folder; made when missing. What it holds besides weights stays.</param>
    /// <param name="tensors">The tensors in the model's order.</param>
    /// <param name="maxShardSize">Bytes of a shard, unless a single tensor is larger; null for <see cref="DefaultShardSize"/>.</param>
    /// <exception cref="InputException">The place is not writable.</exception>
    /// <exception cref="NeotenyException">The disk is full or failed; the previous weights are intact.</exception>
    public static void Write(string folder, IReadOnlyList<TensorSource> tensors, long? maxShardSize = null)
        => AtomicDirectory.Write(folder, partial => WriteFiles(partial, tensors, maxShardSize), static name => !IsWeights(name));

    /// <summary>Writes weights into a folder that is being filled, for instance inside <see cref="AtomicDirectory.Write"/>.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteFiles(string folder, IReadOnlyList<TensorSource> tensors, long? maxShardSize = null)
    {
        var shards = Split(tensors, maxShardSize ?? DefaultShardSize);
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, CheckpointReader.SingleFile), shards[0]);
            return;
        }

        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < shards.Count; i++)
        {
            var name = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            SafetensorsWriter.Write(Path.Combine(folder, name), shards[i]);
            shards[i].ForEach(t => places[t.Name] = name);
        }

        var index = new
        {
            metadata = new { total_parameters = tensors.Sum(t => t.Bytes / t.Type.Size), total_size = tensors.Sum(t => t.Bytes) },
            weight_map = places,
        };
        AtomicFile.Write(Path.Combine(folder, CheckpointReader.IndexFile), stream =>
        {
            JsonSerializer.Serialize(stream, index, new JsonSerializerOptions { WriteIndented = true });
            stream.Write("\n"u8);
        });
    }

    private static List<List<TensorSource>> Split(IReadOnlyList<TensorSource> tensors, long size)
    {
        var shards = new List<List<TensorSource>> { new() };
        long filled = 0;
        foreach (var tensor in tensors)
        {
            if (filled > 0 && filled + tensor.Bytes > size)
            {
                shards.Add([]);
                filled = 0;
            }

            shards[^1].Add(tensor);
            filled += tensor.Bytes;
        }

        return shards;
    }

    private static bool IsWeights(string name)
        => name.StartsWith("model", StringComparison.Ordinal)
            && (name.EndsWith(".safetensors", StringComparison.Ordinal) || name == CheckpointReader.IndexFile);
}
