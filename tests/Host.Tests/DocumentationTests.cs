using System.Reflection;
using System.Text.RegularExpressions;

namespace Neoteny.Host.Tests;

/// <summary>The pages of docs/extending show code that is compiled: each snippet is a piece of a source file, named in front of it.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string _root = typeof(DocumentationTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    public static TheoryData<string> Pages() => [.. Directory.GetFiles(Path.Combine(_root, "docs/extending"), "*.md").Select(f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_snippet_is_what_its_source_says(string page)
    {
        var text = Read(page);
        var snippets = Snippet().Matches(text);

        Assert.Equal(snippets.Count, Regex.Count(text, "```csharp"));
        foreach (Match snippet in snippets)
        {
            var (path, anchor) = (snippet.Groups["path"].Value, snippet.Groups["anchor"].Value);
            Assert.True(Region(path, anchor) == snippet.Groups["code"].Value, $"{page}: the snippet \"{anchor}\" of {path} must read:\n{Region(path, anchor)}");
        }
    }

    [Theory]
    [InlineData("attention", 5)]
    [InlineData("loss", 4)]
    [InlineData("module", 4)]
    [InlineData("adapter", 3)]
    [InlineData("quantizer", 3)]
    [InlineData("offload", 4)]
    [InlineData("parallelism", 2)]
    public void Every_extension_point_has_a_page_with_contract_example_options_tests_and_pitfalls(string point, int snippets)
    {
        var page = Read($"{point}.md");

        Assert.Equal(["## Contract", "## Smallest example", "## Options", "## Testing, publishing", "## Pitfalls"], page.Split('\n').Where(l => l.StartsWith("## ", StringComparison.Ordinal)));
        Assert.Equal(snippets, Snippet().Count(page));
        Assert.Contains($"[{point}]({point}.md)", Read("README.md"));
    }

    [Fact]
    public void Links_lead_somewhere()
    {
        string[] folders = ["docs", "plugins", "src", "bench", "examples", "samples", "eng", "tests/Fixtures"];
        var pages = Directory.GetFiles(_root, "*.md").Concat(folders.SelectMany(f => Directory.GetFiles(Path.Combine(_root, f), "*.md", SearchOption.AllDirectories)))
            .Where(p => !BuildOutput().IsMatch(p)).ToList();
        var broken = from page in pages
                     from link in Link().Matches(Code().Replace(File.ReadAllText(page), "")).Select(m => m.Groups[1].Value)
                     where !link.Contains(':', StringComparison.Ordinal) && !link.StartsWith('#') && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, link.Split('#')[0]))
                     select $"{Path.GetRelativePath(_root, page)}: {link}";

        Assert.InRange(pages.Count, 40, 1000);
        Assert.Empty(broken);
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(_root, "docs/extending", page));

    /// <summary>The member or statement that begins on the first line with the anchor, without its indentation.</summary>
    private static string Region(string path, string anchor)
    {
        var lines = File.ReadAllLines(Path.Combine(_root, path)).SkipWhile(l => !l.Contains(anchor, StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count > 0, $"{path} has no line with \"{anchor}\".");
        var indentation = lines[0].Length - lines[0].TrimStart().Length;
        var (region, hasBody) = (new List<string>(), false);
        foreach (var line in lines)
        {
            region.Add(line.Length > indentation ? line[indentation..] : "");
            hasBody |= region[^1] == "{";
            if (hasBody ? region[^1] == "}" : line.EndsWith(';'))
                break;
        }

        return string.Join('\n', region);
    }

    [GeneratedRegex("<!-- snippet: (?<path>\\S+) \"(?<anchor>[^\"]+)\" -->\n\n```csharp\n(?<code>.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("```.*?```|`[^`]*`", RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex("/(bin|obj)/")]
    private static partial Regex BuildOutput();
}
