using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>A Bible in modern English, taken from the World English Bible, one passage a chapter.</summary>
internal sealed class ModernBible : TextSource
{
    /// <inheritdoc/>
    public override string Name => "bible";

    /// <inheritdoc/>
    public override string Licence => "public domain";

    /// <inheritdoc/>
    public override SourcePackage Package { get; } = new DebianPackage("sword-text-web");

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder) =>
        SwordModule.Chapters(Path.Combine(folder, "usr/share/sword/modules/texts/ztext/engWEB2015eb"));
}
