using System.Text.Json.Nodes;
using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Editing;

namespace Neoteny.Core.Tests.Tokenizers;

public sealed class TokenizerEditorTests : IDisposable
{
    private readonly Neoteny.Core.Tests.TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Names() => ["bpe-chatml", "bpe-llama3", "spm-legacy", "spm-metaspace"];

    [Theory]
    [MemberData(nameof(Names))]
    public void New_tokens_get_the_next_ids_are_found_whole_and_keep_their_roles(string name)
    {
        var before = Tokenizer.Load(Fixture(name));
        var added = TokenizerEditor.Apply(Fixture(name), folder.Path, new TokenChanges
        {
            Roles = new Dictionary<string, string> { ["pad_token"] = "<|fill|>" },
            SpecialTokens = ["<|tool|>"],
            Tokens = ["Fraktur"],
        });
        var after = Tokenizer.Load(folder.Path);
        Assert.Equal(["<|fill|>", "<|tool|>", "Fraktur"], added);
        var first = before.AddedIds.Append(before.VocabularySize - 1).Max() + 1;
        Assert.Equal([first, first + 1, first + 2], added.Select(t => after.IdOf(t)!.Value));
        Assert.Equal(before.Length + 3, after.Length);
        Assert.Equal(("<|fill|>", before.EosToken, before.BosToken), (after.PadToken, after.EosToken, after.BosToken));
        Assert.Contains(first + 1, after.Encode("use <|tool|> now", addSpecialTokens: false));
        Assert.Contains(first + 2, after.Encode("in Fraktur letters", addSpecialTokens: false));
        Assert.Subset(after.SpecialIds.ToHashSet(), new HashSet<int> { first, first + 1 });
        Assert.DoesNotContain(first + 2, after.SpecialIds);
        foreach (var text in new[] { "Hello world", "ein <|tool| Satz", "  spaces\n" })
        {
            Assert.Equal(before.Encode(text, true), after.Encode(text, true));
        }
    }

    [Fact]
    public void A_token_that_is_there_gets_its_role_and_no_new_id()
    {
        var before = Tokenizer.Load(Fixture("bpe-chatml"));
        var known = before.TokenOf(before.SpecialIds.Max())!;
        Assert.Empty(TokenizerEditor.Apply(Fixture("bpe-chatml"), folder.Path, new TokenChanges { Roles = new Dictionary<string, string> { ["pad_token"] = known, ["eos_token"] = known } }));
        var after = Tokenizer.Load(folder.Path);
        Assert.Equal((known, known, before.Length), (after.PadToken, after.EosToken, after.Length));
        Assert.True(File.Exists(folder.File("chat_template.jinja")));
    }

    [Fact]
    public void A_new_beginning_of_texts_is_what_encoding_adds()
    {
        TokenizerEditor.Apply(Fixture("bpe-llama3"), folder.Path, new TokenChanges { Roles = new Dictionary<string, string> { ["bos_token"] = "<|start|>" } });
        var after = Tokenizer.Load(folder.Path);
        Assert.Equal(after.IdOf("<|start|>"), after.Encode("x", addSpecialTokens: true)[0]);
        Assert.Equal(after.BosId, after.IdOf("<|start|>"));
    }

    [Fact]
    public void A_reserved_token_is_put_to_use_under_its_id()
    {
        var before = Tokenizer.Load(Fixture("bpe-llama3"));
        var id = before.AddedIds.Max();
        Assert.Empty(TokenizerEditor.Apply(Fixture("bpe-llama3"), folder.Path, new TokenChanges { Replaced = new Dictionary<int, string> { [id] = "<|think|>" }, SpecialTokens = ["<|think|>"] }));
        var after = Tokenizer.Load(folder.Path);
        Assert.Equal((id, before.Length), (after.IdOf("<|think|>"), after.Length));
        Assert.Null(after.IdOf(before.TokenOf(id)));
        Assert.Contains(id, after.Encode("a<|think|>b", addSpecialTokens: false));
        var error = Assert.Throws<InputException>(() => TokenizerEditor.Apply(Fixture("bpe-llama3"), folder.File("other"), new TokenChanges { Replaced = new Dictionary<int, string> { [3] = "x" } }));
        Assert.Equal($"added_tokens_overrides: the tokenizer has no added token with id 3. Added tokens have the ids {before.AddedIds.Min()} to {id}.", error.Message);
    }

    [Fact]
    public void Every_file_that_lists_tokens_lists_the_new_ones()
    {
        TokenizerEditor.Apply(Fixture("bpe-llama3"), folder.Path, new TokenChanges { Roles = new Dictionary<string, string> { ["pad_token"] = "<|fill|>" }, SpecialTokens = ["<|tool|>"] });
        var id = Tokenizer.Load(folder.Path).IdOf("<|tool|>")!.Value;
        var (config, map) = (Json("tokenizer_config.json"), Json("special_tokens_map.json"));
        Assert.Equal("<|tool|>", (string?)config["added_tokens_decoder"]![$"{id}"]!["content"]);
        Assert.Equal(("<|fill|>", "<|fill|>"), ((string?)config["pad_token"], (string?)map["pad_token"]));
        Assert.Contains("<|tool|>", config["additional_special_tokens"]!.AsArray().Select(t => (string?)t));
    }

    private JsonObject Json(string name) => JsonNode.Parse(File.ReadAllText(folder.File(name)))!.AsObject();

    private static string Fixture(string name) => Path.Combine(Fixtures.Folder, "tokenizers", name);
}
