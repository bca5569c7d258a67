using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>Broken tokenizer files end in an input error, quickly, whatever is broken.</summary>
public class TokenizerFuzzTests
{
    private static readonly string[] Odd =
        ["null", "true", "-1", "0", "1e400", "4294967296", "1.5", "\"\"", "\"\\ud800\"", "\"a b c\"", "[]", "{}", "[[]]", "[null]", "{\"type\": \"BPE\"}", "\"(((\"", "2147483647"];

    [Fact]
    public void Ten_thousand_mutated_tokenizers_load_or_are_refused()
    {
        string[] sources = [TokenizerFolders.Bytes().ToJsonString(), TokenizerFolders.Unigram().ToJsonString(), TokenizerFolders.Characters().ToJsonString(), TokenizerFolders.Steps().ToJsonString()];
        var random = new Random(20);
        var watch = Stopwatch.StartNew();
        var refused = 0;
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 10_000; i++)
        {
            var source = sources[random.Next(sources.Length)];
            var mutated = i % 2 == 0 ? Structurally(source, random) : Textually(Encoding.UTF8.GetBytes(source), random);
            File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.json"), mutated);
            refused += Survives(folder.Path, mutated) ? 0 : 1;
        }

        Assert.InRange(refused, 1000, 9999);
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(5), $"{watch.Elapsed}");
    }

    [Theory]
    [InlineData("", "line 1, byte 1: this is not valid JSON")]
    [InlineData("{\"model\": {\"type\": \"BPE\",\n \"vocab\": {\"a\": 0", "line 2, byte")]
    [InlineData("[]", "expected an object, found a list")]
    [InlineData("{}", "'model' is missing")]
    [InlineData("{\"model\": {\"type\": \"WordPiece\"}}", "at model: the model type 'WordPiece' is not supported. Supported are BPE and Unigram.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}}", "at model.vocab.a: a token id must not be negative, found -1.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}}", "at model.merges[0]: the merge needs 'b', which is not in model.vocab.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [[\"a\"]]}}", "at model.merges[0]: a merge has two parts, found 1.")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]], \"unk_id\": 3}}", "at model: unk_id 3 lies outside the vocabulary of 1 entries.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}, \"normalizer\": {\"type\": \"Magic\"}}", "at normalizer: the normalizer 'Magic' is not supported.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}, \"decoder\": {\"type\": \"Morse\"}}", "at decoder: the decoder 'Morse' is not supported.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}, \"added_tokens\": [{\"id\": 1, \"content\": \"\"}]}", "at added_tokens[0].content: an added token must not be empty.")]
    [InlineData("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\\ud800\": 1}, \"merges\": []}}", "a text in it is not valid Unicode")]
    public void A_broken_file_is_refused_with_its_place(string json, string reason)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<InputException>(() => Tokenizer.Load(folder.Write("tokenizer.json", json)));
        Assert.StartsWith(Path.Combine(folder.Path, "tokenizer.json"), error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_tokenizer_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(
            $"{folder.Path}: there is no tokenizer.json. Save the tokenizer in the tokenizers library's format, or point at a folder that has it.",
            Assert.Throws<InputException>(() => Tokenizer.Load(folder.Path)).Message);
        Assert.Equal(
            "/nowhere/at/all: this folder does not exist. Name a folder that holds a tokenizer.json.",
            Assert.Throws<InputException>(() => Tokenizer.Load("/nowhere/at/all")).Message);
        Assert.Contains("the tokenizer has no chat template. Set chat_template: to one of alpaca, chatml,",
            Assert.Throws<InputException>(() => ChatTemplate.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", string.Concat(Enumerable.Repeat("{\"normalizer\":", 100_000)));
        Assert.Contains("this is not valid JSON", Assert.Throws<InputException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static bool Survives(string folder, byte[] mutated)
    {
        try
        {
            var tokenizer = Tokenizer.Load(folder);
            var ids = tokenizer.Encode("hello wörld 😀 <s> abcab  123", addSpecialTokens: true);
            _ = tokenizer.Decode(ids, skipSpecialTokens: true);
            _ = tokenizer.EncodeWithOffsets("hello <mask> cat\n", addSpecialTokens: true);
            return true;
        }
        catch (InputException error)
        {
            Assert.NotEmpty(error.Message);
            return false;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{error.Message} on {Encoding.UTF8.GetString(mutated)}", error);
        }
    }

    private static byte[] Textually(byte[] source, Random random)
    {
        var bytes = source.ToList();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 20), bytes.Count - at);
            switch (random.Next(4))
            {
                case 0:
                    bytes.RemoveRange(at, length);
                    break;
                case 1:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 2:
                    bytes[at] = (byte)random.Next(256);
                    break;
                default:
                    bytes.InsertRange(at, "\"{}[],:\\u09-"u8.ToArray().OrderBy(_ => random.Next()).Take(2));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Puts something odd, or another part of the file, in place of one value.</summary>
    private static byte[] Structurally(string source, Random random)
    {
        var root = JsonNode.Parse(source)!;
        var nodes = Below(root).Where(node => node.Parent is not null).ToList();
        // The many entries of the vocabulary would hide everything else.
        var chosen = nodes.Where(node => random.Next(20) == 0 || !node.GetPath().Contains("vocab", StringComparison.Ordinal)).ToList();
        var target = chosen[random.Next(chosen.Count)];
        var replacement = random.Next(3) == 0 ? nodes[random.Next(nodes.Count)].ToJsonString() : Odd[random.Next(Odd.Length)];
        const string Hole = "<hole>";
        target.ReplaceWith(Hole);
        return Encoding.UTF8.GetBytes(root.ToJsonString().Replace($"\"\\u003Chole\\u003E\"", replacement, StringComparison.Ordinal));
    }

    private static IEnumerable<JsonNode> Below(JsonNode node) => node switch
    {
        JsonObject map => map.Where(pair => pair.Value is not null).SelectMany(pair => Below(pair.Value!)).Prepend(node),
        JsonArray list => list.OfType<JsonNode>().SelectMany(Below).Prepend(node),
        _ => [node],
    };
}
