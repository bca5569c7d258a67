using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Real models on the meta device: the parameters of each configuration in Published/ against the approved list beside it.</summary>
public partial class PublishedModelTests
{
    public static TheoryData<string> Cases() => [.. Directory.EnumerateFiles(Folder(), "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Names_shapes_and_counts_are_those_of_the_published_checkpoint(string name)
    {
        var config = HuggingFaceConfig.Read(Path.Combine(Folder(), $"{name}.json"));
        using var model = DecoderBuilder.Build(ModelFamilies.Of(config).Describe(config), (_, shape) => empty(shape, device: META));
        var approved = Path.Combine(Folder(), $"{name}.approved.txt");
        var text = Describe(model);
        if (Environment.GetEnvironmentVariable("NEOTENY_APPROVE") == "1")
        {
            File.WriteAllText(approved, text);
        }

        Assert.True(File.Exists(approved), $"{approved} is missing. Check this list and save it there, or run with NEOTENY_APPROVE=1:\n{text}");
        Assert.Equal(File.ReadAllText(approved), text);
    }

    [Fact]
    public void There_are_published_models() => Assert.NotEmpty(Cases());

    /// <summary>One line for the parameters that differ in their numbers only: name, shape and how many there are; then all elements.</summary>
    private static string Describe(DecoderModel model)
    {
        var groups = model.BaseParameters.SelectMany(p => p.Parts).GroupBy(p => $"{Number().Replace(p.Name, ".*.")} [{string.Join(", ", p.Shape)}]");
        var lines = groups.Select(g => g.Count() == 1 ? g.Key : $"{g.Key} x {g.Count()}");
        return string.Join('\n', lines.Append($"{model.BaseParameters.Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b)):N0} elements")) + "\n";
    }

    private static string Folder([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "..", "Published");

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex Number();
}
