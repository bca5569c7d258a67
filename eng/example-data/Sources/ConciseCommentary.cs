using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>Matthew Henry's Concise Commentary, plain devotional prose, one passage a chapter.</summary>
internal sealed class ConciseCommentary : TextSource
{
    /// <inheritdoc/>
    public override string Name => "concise-commentary";

    /// <inheritdoc/>
    public override string Licence => "public domain";

    /// <inheritdoc/>
    public override SourcePackage Package { get; } = new DebianPackage("sword-comm-mhcc");

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder) =>
        SwordModule.Chapters(Path.Combine(folder, "usr/share/sword/modules/comments/zcom/mhcc"));
}
