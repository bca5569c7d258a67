using System.Text;
using System.Text.Json;
using Neoteny.ExampleData.Packages;

namespace Neoteny.ExampleData.Capitals;

/// <summary>The member states of the United Nations, read from the npm package <c>countries-list</c> (MIT).</summary>
internal static class CountryCatalog
{
    private static readonly NpmPackage Package = new("countries-list", "3.4.1");

    private static readonly string[] Members =
        """
        AD AE AF AG AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BR BS BT BW BY BZ CA CD CF CG CH CI CL CM CN CO CR CU CV CY CZ DE
        DK DM DO DZ EC EE EG ER ES ET FI FJ FM FR GA GB GD GE GH GM GN GQ GR GT GW GY HN HR HT HU ID IE IN IQ IR IS IT JM JO JP KE KG
        KH KI KM KN KP KR KW KZ LA LB LC LI LR LS LT LV LY MA MD ME MG MH MK ML MM MN MR MT MU MV MW MX MY MZ NA NE NG NI NL NO NP NZ
        OM PA PE PG PH PK PL PT PW PY QA RO RS RU RW SA SB SC SD SE SI SK SL SN SO SR SS ST SV SY TD TG TH TJ TL TM TN TO TR TT TV
        TZ UA UG US UY UZ VC VE VN VU WS YE ZM ZW
        """.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static readonly HashSet<string> WithArticle =
    [
        "AE", "BS", "CD", "CF", "CG", "DO", "GB", "GM", "KM", "MH", "MV", "NL", "PH", "SB", "SC", "US",
    ];

    /// <summary>
    /// The countries, by name. Left out: those with divided or disputed seats (Bolivia, Eswatini, Israel, Nauru, South Africa,
    /// Sri Lanka) and city states named like their capital (Djibouti, Luxembourg, Monaco, San Marino, Singapore).
    /// </summary>
    public static Country[] Read()
    {
        var folder = Path.Combine(Package.Unpack(ToolOptions.PackageFolder), "package");
        using var countries = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "countries.min.json")));
        using var continents = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "continents.min.json")));
        return [.. Members.Select(code => Country(code, countries.RootElement.GetProperty(code), continents.RootElement))
            .OrderBy(country => country.Name, StringComparer.Ordinal)];
    }

    private static Country Country(string code, JsonElement country, JsonElement continents)
    {
        string Text(string property) => country.GetProperty(property).GetString()!.Normalize(NormalizationForm.FormC);
        var article = WithArticle.Contains(code) ? "the " : "";
        return new(article + Text("name"), Text("capital"), continents.GetProperty(Text("continent")).GetString()!);
    }
}
