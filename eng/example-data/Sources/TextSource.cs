using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>A text of the corpus: which package holds it, under which licence, and how its passages are read.</summary>
internal abstract class TextSource
{
    /// <summary>The file name of the text in the corpus, without extension.</summary>
    public abstract string Name { get; }

    /// <summary>The licence of the text (not of the package's code).</summary>
    public abstract string Licence { get; }

    /// <summary>The package that holds the text.</summary>
    public abstract SourcePackage Package { get; }

    /// <summary>Reads the passages from the unpacked package.</summary>
    public abstract IEnumerable<Passage> Read(string folder);
}
