using System.Runtime.CompilerServices;
using System.Text.Json;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Core.Tests.ChatTemplates;

/// <summary>Templates whose output was written by Jinja itself (make_jinja_cases.py).</summary>
public class JinjaReferenceTests
{
    private static readonly JsonElement Reference = JsonDocument.Parse(File.ReadAllBytes(Beside("jinja-cases.json"))).RootElement;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Reference.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_template_gives_what_Jinja_gives(int index)
    {
        var given = Reference.GetProperty("cases")[index];
        var variables = Reference.GetProperty("variables").EnumerateObject().Select(pair => KeyValuePair.Create(pair.Name, (object?)pair.Value));
        var template = ChatTemplate.Parse(given.GetProperty("template").GetString()!).With(variables);
        Assert.Equal(given.GetProperty("expected").GetString(), template.Render([], addGenerationPrompt: false));
    }

    private static string Beside(string name, [CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, name);
}
