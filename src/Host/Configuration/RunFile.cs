namespace Neoteny.Host.Configuration;

/// <summary>A parsed configuration file. Keys are looked up as written; who owns them is <see cref="KeyTable"/>'s matter.</summary>
internal sealed class RunFile
{
    private RunFile(string path, string text)
    {
        Path = path;
        Root = YamlReader.Read(text, path, Problems);
    }

    private RunFile(RunFile same) => (Path, Root, IsBareModel) = (same.Path, same.Root, same.IsBareModel);

    /// <summary>The path as the user gave it; places in messages start with it.</summary>
    public string Path { get; }

    /// <summary>The top-level mapping; empty for an empty file and for one that is not valid YAML.</summary>
    public MapNode Root { get; }

    /// <summary>Whether it names a model and nothing else: no run, so rules about runs do not apply to it.</summary>
    public bool IsBareModel { get; private init; }

    /// <summary>What reading found. Checks and binding add to it.</summary>
    public ProblemList Problems { get; } = new();

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">There is no such file, or it cannot be read.</exception>
    public static RunFile Load(string path)
    {
        if (Directory.Exists(path))
            throw new InputException($"{path} is a folder; name the YAML file in it.");
        if (!File.Exists(path))
        {
            var full = System.IO.Path.GetFullPath(path);
            throw new InputException($"There is no configuration file at {full}. Check the path, or start from a file in examples/.");
        }
        try
        {
            return new RunFile(path, File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a text; <paramref name="path"/> stands for the file in messages.</summary>
    public static RunFile Parse(string text, string path = "run.yml") => new(path, text);

    /// <summary>Stands in for a configuration where a model is used without one: every key but <c>base_model</c> has its default.</summary>
    /// <param name="folder">The model's folder.</param>
    public static RunFile OfModel(string folder) =>
        new(System.IO.Path.Combine(folder, "config.json"), $"base_model: '{folder.Replace("'", "''")}'") { IsBareModel = true };

    /// <summary>The same content without the problems found so far, to be checked against other plugins than the run's.</summary>
    public RunFile Anew() => new(this);

    /// <summary>The place for problems of the file as a whole.</summary>
    public Place Whole => new(Path, 0, 0);

    /// <summary>
    /// Where a path in this file leads: relative ones against the current directory first, then against the file's own folder. One that
    /// exists in neither is given against the current directory, which is also where outputs go.
    /// </summary>
    public string ResolvePath(string path)
    {
        var expanded = path.StartsWith("~/", StringComparison.Ordinal)
            ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
            : path;
        var here = System.IO.Path.GetFullPath(expanded);
        var beside = System.IO.Path.GetFullPath(expanded, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);
        return !System.IO.Path.Exists(here) && System.IO.Path.Exists(beside) ? beside : here;
    }
}
