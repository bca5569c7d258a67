using Neoteny.Host.Configuration;
using Neoteny.Models.Hub;
using Neoteny.Training.Options;

namespace Neoteny.Host.Runs;

/// <summary>Turns what names a model or a dataset into a folder on this machine: a folder as it is, an id of the hub by downloading.</summary>
/// <param name="warn">Hears when the hub cannot be reached and an earlier download is used.</param>
/// <param name="stop">Cancels a download.</param>
internal sealed class HubPlaces(Action<string> warn, CancellationToken stop)
{
    private static readonly string[] FileEndings = [".yml", ".yaml", ".json", ".jsonl", ".parquet", ".txt", ".csv"];

    /// <summary>For commands that log nothing.</summary>
    public static HubPlaces OnConsole(CancellationToken stop) => new(w => Console.Error.WriteLine($"warning: {w}"), stop);

    /// <summary>Whether a text can be an id of the hub, since nothing on this machine is called so.</summary>
    public static HubRepository? Find(HubKind kind, string name, string? revision = null)
        => FileEndings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)) ? null : HubRepository.Parse(kind, name, revision);

    /// <summary>The folder that a key of a configuration names.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="key">The key, for messages.</param>
    /// <param name="name">Its value.</param>
    /// <param name="revision">A revision of the hub that another key gives; null for none.</param>
    /// <param name="selection">Which files are needed.</param>
    /// <param name="otherwise">What to name instead, for messages.</param>
    /// <exception cref="InputException">There is neither a folder nor a repository.</exception>
    /// <exception cref="NeotenyException">The download failed.</exception>
    public string Folder(RunFile file, string key, string name, string? revision, HubSelection selection, string otherwise)
    {
        var local = file.ResolvePath(name);
        if (Directory.Exists(local))
        {
            return local;
        }

        var place = file.Root.Find(key)?.Value.Place ?? file.Whole;
        return Find(HubKind.Model, name, revision) is { } repository
            ? Download($"{place}: {key}: ", local, repository, selection)
            : throw new InputException($"{place}: {key}: there is no folder {local}.{Near(local)} {otherwise}");
    }

    /// <summary>The files of a dataset of the hub; null where the path leads somewhere on this machine or can be no id.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="dataset">The dataset.</param>
    /// <exception cref="InputException">The hub has no such dataset, or not that split.</exception>
    /// <exception cref="NeotenyException">The download failed.</exception>
    public IReadOnlyList<string>? Data(RunFile file, DatasetOptions dataset)
    {
        var local = file.ResolvePath(dataset.Path);
        if (Path.Exists(local) || Find(HubKind.Dataset, dataset.Path, dataset.Revision) is not { } repository)
        {
            return null;
        }

        var split = dataset.Split ?? "train";
        var folder = Download("datasets: ", local, repository, HubSelection.Data(split, dataset.Subset, dataset.DataFiles));
        return DataFiles.In(folder, split, dataset.Subset, dataset.DataFiles);
    }

    /// <summary>Downloads what a text names that is the name of nothing on this machine.</summary>
    /// <param name="place">What messages begin with.</param>
    /// <param name="local">Where the text would lead on this machine.</param>
    /// <param name="repository">The repository it can be.</param>
    /// <param name="selection">Which files are needed.</param>
    public string Download(string place, string local, HubRepository repository, HubSelection selection)
    {
        try
        {
            using var line = new DownloadLine();
            using var client = new HubClient(HubSettings.FromEnvironment()) { Progress = line.Show, Warn = warn };
            return client.Fetch(repository, selection, stop).GetAwaiter().GetResult();
        }
        catch (HubNotFoundException e)
        {
            throw new InputException($"{place}{e.Message} There is no folder {local} either.{Near(local)}", e);
        }
        catch (InputException e)
        {
            throw new InputException(place + e.Message, e);
        }
        catch (NeotenyException e)
        {
            throw new NeotenyException($"{place}{e.Message} (There is no folder {local}.{Near(local)})", e);
        }
    }

    private static string Near(string path)
    {
        var parent = Path.GetDirectoryName(path);
        return parent is not null && Directory.Exists(parent) && Nearest.To(Path.GetFileName(path), [.. Directory.EnumerateDirectories(parent).Select(d => Path.GetFileName(d))]) is { } near
            ? $" Did you mean {Path.Combine(parent, near)}?"
            : "";
    }
}
