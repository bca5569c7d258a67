namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>A folder that goes with its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("neoteny-text-").FullName;

    public string Write(string name, string content)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, name), content);
        return Path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
