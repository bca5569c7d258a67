namespace Neoteny.Models.Hub;

/// <summary>The folder of one repository's downloads, laid out as the Python tools do.</summary>
/// <remarks>
/// <c>models--org--name</c> holds <c>blobs/</c> (contents, named by their ETag), <c>snapshots/COMMIT/</c> (links to blobs under the files' names)
/// and <c>refs/</c> (which commit a branch or tag was). Locks are beside it in <c>.locks</c>.
/// </remarks>
internal sealed class HubCache(string root, HubRepository repository)
{
    private readonly string name = $"{repository.Plural}--{repository.Name.Replace("/", "--", StringComparison.Ordinal)}";

    public string Folder => Path.Combine(root, name);

    public string Blobs => Path.Combine(Folder, "blobs");

    private string Reference => Path.Combine(Folder, "refs", repository.Revision);

    /// <summary>The commit that the revision was when it was last downloaded; null when it never was.</summary>
    public string? Commit()
    {
        if (repository.NamesCommit)
        {
            return Directory.Exists(Snapshot(repository.Revision)) ? repository.Revision : null;
        }

        return File.Exists(Reference) && File.ReadAllText(Reference).Trim() is var commit && HubFile.IsPlainName(commit) ? commit : null;
    }

    public string Snapshot(string commit) => Path.Combine(Folder, "snapshots", commit);

    public string Blob(HubFile file) => Path.Combine(Blobs, file.ETag);

    public string Lock(HubFile file) => Path.Combine(root, ".locks", name, file.ETag + ".lock");

    /// <summary>Whether a commit's snapshot has a file, whole.</summary>
    public bool Has(string commit, string path) => File.Exists(Path.Combine(Snapshot(commit), path));

    /// <summary>Links files into a commit's snapshot, all at once where the snapshot is new, and notes the revision.</summary>
    public void Publish(string commit, IReadOnlyList<HubFile> files)
    {
        var snapshot = Snapshot(commit);
        if (!Directory.Exists(snapshot))
        {
            var partial = Path.Combine(Folder, "snapshots", $".{commit}.tmp-{Path.GetRandomFileName()}");
            Link(partial, files);
            try
            {
                Directory.Move(partial, snapshot);
            }
            catch (IOException) when (Directory.Exists(snapshot))
            {
                // Another process was faster.
                Directory.Delete(partial, recursive: true);
            }
        }

        Link(snapshot, files);
        if (!repository.NamesCommit)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Reference)!);
            var partial = $"{Reference}.tmp-{Path.GetRandomFileName()}";
            File.WriteAllText(partial, commit);
            File.Move(partial, Reference, overwrite: true);
        }
    }

    private static void Link(string folder, IReadOnlyList<HubFile> files)
    {
        foreach (var file in files)
        {
            var link = Path.Combine(folder, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            var target = string.Concat(Enumerable.Repeat("../", file.Path.Count(c => c == '/') + 2)) + "blobs/" + file.ETag;
            if (new FileInfo(link).LinkTarget == target)
            {
                continue;
            }

            var partial = $"{link}.tmp-{Path.GetRandomFileName()}";
            File.Delete(partial);
            File.CreateSymbolicLink(partial, target);
            File.Move(partial, link, overwrite: true);
        }
    }
}
