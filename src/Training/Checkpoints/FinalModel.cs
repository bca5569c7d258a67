using Neoteny.Models.Checkpoints;

namespace Neoteny.Training.Checkpoints;

/// <summary>Puts the trained model into the output folder, which may be a mount point and holds checkpoints: file by file, once all are written.</summary>
internal static class FinalModel
{
    private const string Staging = "final-model";

    public static void Write(string output, IModelSaver model)
    {
        var staged = Path.Combine(output, Staging);
        AtomicDirectory.Write(staged, model.Save);
        var names = Directory.EnumerateFileSystemEntries(staged).Select(e => Path.GetFileName(e)).ToHashSet();

        // Readers prefer a single file over shards, so weights of an earlier run must not stay beside the new ones.
        foreach (var stale in Directory.EnumerateFiles(output).Where(f => IsWeights(f) && !names.Contains(Path.GetFileName(f))))
            File.Delete(stale);
        foreach (var name in names)
        {
            var target = Path.Combine(output, name);
            if (Directory.Exists(target))
                Directory.Delete(target, recursive: true);
            Move(Path.Combine(staged, name), target);
        }

        Directory.Delete(staged);
    }

    private static void Move(string from, string to)
    {
        if (File.Exists(from))
            File.Move(from, to, overwrite: true);
        else
            Directory.Move(from, to);
    }

    private static bool IsWeights(string file)
        => file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".safetensors.index.json", StringComparison.Ordinal);
}
