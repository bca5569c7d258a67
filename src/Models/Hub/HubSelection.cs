namespace Neoteny.Models.Hub;

/// <summary>Which files of a repository are needed, and whether a downloaded folder has them.</summary>
public sealed class HubSelection
{
    private readonly Func<HubRepository, IReadOnlyList<string>, IReadOnlyList<string>> choose;
    private readonly Func<string, IReadOnlyList<string>> missing;

    internal HubSelection(Func<HubRepository, IReadOnlyList<string>, IReadOnlyList<string>> choose, Func<string, IReadOnlyList<string>> missing)
        => (this.choose, this.missing) = (choose, missing);

    /// <summary>A model or an adapter: weights as safetensors, configuration, tokenizer and chat templates.</summary>
    public static HubSelection Model { get; } = new(ModelFiles.Choose, ModelFiles.Missing);

    /// <summary>A tokenizer: no weights.</summary>
    public static HubSelection Tokenizer { get; } = new(static (_, files) => [.. files.Where(ModelFiles.IsSmall)], ModelFiles.MissingTokenizer);

    /// <summary>The data files of a dataset's split.</summary>
    /// <param name="split">The split, such as <c>train</c>.</param>
    /// <param name="subset">The configuration that data sets call <c>name</c>; null for the default.</param>
    /// <param name="files">Paths in the repository, instead of looking for the split; null to look.</param>
    public static HubSelection Data(string split, string? subset, IReadOnlyList<string>? files)
        => new((repository, all) => DataFiles.Choose(repository, all, split, subset, files), folder => DataFiles.Missing(folder, split, subset, files));

    /// <summary>The files needed of those that a repository has.</summary>
    /// <exception cref="InputException">It lacks what is needed.</exception>
    internal IReadOnlyList<string> Choose(HubRepository repository, IReadOnlyList<string> files) => choose(repository, files);

    /// <summary>What a folder lacks, in words; empty when it is complete.</summary>
    internal IReadOnlyList<string> Missing(string folder) => missing(folder);
}
