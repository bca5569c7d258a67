using System.Text.RegularExpressions;
using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>The six completed novels of Jane Austen, one passage a chapter.</summary>
internal sealed partial class JaneAusten : TextSource
{
    /// <inheritdoc/>
    public override string Name => "jane-austen";

    /// <inheritdoc/>
    public override string Licence => "public domain (published 1811 to 1817); the package's own licence is MIT";

    /// <inheritdoc/>
    public override SourcePackage Package { get; } = new DebianPackage("r-cran-janeaustenr");

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder)
    {
        var novels = RStrings.Read(Path.Combine(folder, "usr/lib/R/site-library/janeaustenr/data"));
        foreach (var lines in novels.Where(lines => lines.Length > 1000))
        {
            var chapters = Chapter().Split(string.Join('\n', lines));
            foreach (var (number, chapter) in chapters.Index().Skip(1))
                yield return new Passage($"{lines[0]} {number}", chapter.Replace("_", "").Split("\n\n"));
        }
    }

    [GeneratedRegex(@"^\s*(?:CHAPTER|Chapter) +(?:[IVXL]+|\d+)\.?\s*$", RegexOptions.Multiline)]
    private static partial Regex Chapter();
}
