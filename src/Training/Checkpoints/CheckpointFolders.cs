using System.Globalization;

namespace Neoteny.Training.Checkpoints;

/// <summary>The checkpoints below an output folder: <c>checkpoint-N</c>, N the steps done.</summary>
/// <param name="output">The output folder.</param>
public sealed class CheckpointFolders(string output)
{
    private const string Prefix = "checkpoint-";

    /// <summary>The folder of the checkpoint after a step.</summary>
    public string At(int step) => Path.Combine(output, Prefix + step.ToString(CultureInfo.InvariantCulture));

    /// <summary>All complete checkpoints, oldest step first. A folder appears under its name only when it is complete.</summary>
    public IReadOnlyList<string> All() => !Directory.Exists(output) ? [] :
    [
        .. Directory.EnumerateDirectories(output, Prefix + "*")
            .Select(f => (Folder: f, Step: StepOf(f)))
            .Where(c => c.Step is not null)
            .OrderBy(c => c.Step)
            .Select(c => c.Folder),
    ];

    /// <summary>The latest checkpoint that can be resumed from; null where there is none.</summary>
    public string? Latest() => All().LastOrDefault(IsResumable);

    /// <summary>Whether a folder holds what resuming needs.</summary>
    public static bool IsResumable(string folder) => File.Exists(Path.Combine(folder, TrainerState.FileName));

    /// <summary>Deletes the oldest checkpoints beyond a number; the one just written always stays.</summary>
    /// <param name="keep">How many stay.</param>
    /// <param name="newest">The one just written.</param>
    public void Prune(int keep, string newest)
    {
        var others = All().Where(f => Path.GetFullPath(f) != Path.GetFullPath(newest)).ToList();
        foreach (var folder in others.Take(Math.Max(0, others.Count - (keep - 1))))
        {
            // Half-deleted checkpoints must not look complete.
            var doomed = $"{folder}.deleted";
            Directory.Move(folder, doomed);
            Directory.Delete(doomed, recursive: true);
        }
    }

    /// <summary>Deletes what a process that was killed while deleting left behind.</summary>
    public void RemoveLeftovers()
    {
        foreach (var folder in Directory.EnumerateDirectories(output, Prefix + "*.deleted"))
            Directory.Delete(folder, recursive: true);
    }

    private static int? StepOf(string folder)
        => int.TryParse(Path.GetFileName(folder)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
}
