namespace Neoteny.Models.Hub;

/// <summary>The files of a dataset repository that hold one split, found by their names as the hub does.</summary>
public static class DataFiles
{
    private static readonly string[] Endings = [".parquet", ".jsonl", ".json"];
    private static readonly char[] Separators = ['/', '-', '_', '.', ' '];

    /// <summary>The files of a split in a downloaded folder, whole paths in reading order.</summary>
    /// <param name="folder">The snapshot's folder.</param>
    /// <param name="split">The split, such as <c>train</c>.</param>
    /// <param name="subset">The configuration; null for the default.</param>
    /// <param name="named">Paths in the repository, instead of looking for the split; null to look.</param>
    public static IReadOnlyList<string> In(string folder, string split, string? subset, IReadOnlyList<string>? named)
        => [.. (named is { Count: > 0 } ? named : Local(folder, split, subset)).Select(f => Path.Combine(folder, f))];

    /// <exception cref="InputException">The repository has no such files.</exception>
    internal static IReadOnlyList<string> Choose(HubRepository repository, IReadOnlyList<string> all, string split, string? subset, IReadOnlyList<string>? named)
    {
        if (named is { Count: > 0 })
        {
            var absent = named.FirstOrDefault(n => !all.Contains(n));
            return absent is null ? named : throw new InputException($"The dataset {repository} has no file '{absent}'. It has: {Some(all.Where(IsData))}.");
        }

        var data = all.Where(IsData).ToList();
        if (data.Count == 0)
        {
            throw new InputException($"The dataset {repository} has no parquet, json or jsonl files. It has: {Some(all)}. Download and convert it, and name the file.");
        }

        var found = Find(data, split, subset);
        return found.Count > 0 ? found : throw new InputException(
            $"The dataset {repository} has no file whose name tells the split '{split}'{(subset is null ? "" : $" of '{subset}'")}. It has: {Some(data)}. Name the files in data_files, or another split or name.");
    }

    internal static IReadOnlyList<string> Missing(string folder, string split, string? subset, IReadOnlyList<string>? named)
    {
        if (named is { Count: > 0 })
        {
            return [.. named.Where(n => !File.Exists(Path.Combine(folder, n)))];
        }

        return Local(folder, split, subset).Count > 0 ? [] : [$"files of the split {split}"];
    }

    private static IReadOnlyList<string> Local(string folder, string split, string? subset)
        => Directory.Exists(folder)
            ? Find([.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Where(IsData)], split, subset)
            : [];

    private static List<string> Find(List<string> data, string split, string? subset)
    {
        var candidates = subset is null ? data : [.. data.Where(f => Words(f).Contains(subset) || f.Split('/').Contains(subset))];

        // One format only: many datasets hold the same rows twice.
        var matching = candidates.Where(f => Words(f).Contains(split)).ToList();
        var untold = split == "train" && matching.Count == 0 && !candidates.Any(f => Words(f).Overlaps(["test", "validation", "valid", "dev", "eval"]));
        var found = untold ? candidates : matching;
        var format = Endings.FirstOrDefault(e => found.Any(f => f.EndsWith(e, StringComparison.Ordinal)));
        return [.. found.Where(f => f.EndsWith(format ?? "", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private static bool IsData(string file) => Endings.Any(e => file.EndsWith(e, StringComparison.Ordinal)) && file is not ("dataset_infos.json" or "dataset_info.json");

    private static HashSet<string> Words(string file) => [.. file.Split(Separators)];

    private static string Some(IEnumerable<string> files)
    {
        var list = files.Order(StringComparer.Ordinal).ToList();
        return list.Count == 0 ? "none" : string.Join(", ", list.Take(8)) + (list.Count > 8 ? $" and {list.Count - 8} more" : "");
    }
}
