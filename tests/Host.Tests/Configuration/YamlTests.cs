using Neoteny.Host.Configuration;

namespace Neoteny.Host.Tests.Configuration;

public sealed class YamlTests
{
    [Theory]
    [InlineData("a: 1\n\tb: 2", "run.yml:2:1: not valid YAML: the line is indented with a tab; use spaces")]
    [InlineData("a: [1, 2\nb: 3", "run.yml:1:5: not valid YAML: a bracket that is open here is not closed")]
    [InlineData("a: 'x", "run.yml:1:4: not valid YAML: While scanning a quoted scalar, found unexpected end of stream")]
    [InlineData("- a\n- b", "run.yml:1:1: expected keys and values, such as 'base_model: path/to/model'")]
    [InlineData("a: *nowhere", "run.yml:1:4: the anchor '&nowhere' is not defined above this line")]
    [InlineData("a: 1\n---\nb: 1", "run.yml:2:1: a second document starts here; keep one document in a file")]
    [InlineData("? [a, b]\n: 1", "run.yml:1:3: a key must be plain text")]
    [InlineData("a:\n  <<: 3", "run.yml:2:7: '<<' needs a mapping, such as '<<: *defaults'")]
    public void Malformed_YAML_gives_one_message_with_line_and_column(string yaml, string start)
    {
        var problem = Assert.Single(RunFile.Parse(yaml).Problems.Errors);

        Assert.StartsWith(start, problem.ToString());
    }

    [Fact]
    public void Anchors_and_merge_keys_are_resolved_and_own_keys_win()
    {
        var file = RunFile.Parse("base: &b {x: 1, y: 2}\nother: &o {z: 3}\nmine:\n  <<: [*b, *o]\n  y: 5\ncopy: *b");

        var mine = Assert.IsType<MapNode>(file.Root.Find("mine")!.Value);
        Assert.Equal(["y=5", "x=1", "z=3"], mine.Entries.Select(e => $"{e.Key}={((ScalarNode)e.Value).Text}"));
        Assert.Same(file.Root.Find("base")!.Value, file.Root.Find("copy")!.Value);
        Assert.False(file.Problems.HasErrors);
    }

    [Theory]
    [InlineData("a:")]
    [InlineData("a: ~")]
    [InlineData("a: null")]
    public void A_key_without_a_value_is_unset(string yaml) => Assert.Null(RunFile.Parse(yaml).Root.Find("a"));

    [Fact]
    public void A_quoted_empty_text_is_a_value() => Assert.NotNull(RunFile.Parse("a: ''").Root.Find("a"));

    [Fact]
    public void An_empty_file_has_no_keys_and_no_problems()
    {
        var file = RunFile.Parse("# nothing\n");

        Assert.Empty(file.Root.Entries);
        Assert.False(file.Problems.HasErrors);
    }

    [Fact]
    public void A_missing_file_is_named_with_its_full_path()
    {
        var error = Assert.Throws<InputException>(() => RunFile.Load("absent.yml"));

        Assert.Equal($"There is no configuration file at {Path.GetFullPath("absent.yml")}. Check the path, or start from a file in examples/.", error.Message);
    }

    [Fact]
    public void A_relative_path_leads_to_the_current_folder_first_then_to_that_of_the_file()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllText(Path.Combine(folder, "beside.txt"), "");
        var file = RunFile.Parse("", Path.Combine(folder, "run.yml"));

        Assert.Equal(Path.Combine(folder, "beside.txt"), file.ResolvePath("beside.txt"));
        Assert.Equal(Path.GetFullPath("nowhere.txt"), file.ResolvePath("nowhere.txt"));
        Assert.Equal("/absolute", file.ResolvePath("/absolute"));
        Directory.Delete(folder, recursive: true);
    }
}
