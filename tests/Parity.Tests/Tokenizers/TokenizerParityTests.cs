using System.Text.Json;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Parity.Tests.Tokenizers;

public class TokenizerParityTests
{
    public static TheoryData<string> Names => [.. FixtureFolders.Tokenizers];

    [Fact]
    public void The_fixtures_hold_tokenizers() => Assert.NotEmpty(FixtureFolders.Tokenizers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Sizes_and_special_ids_are_those_of_the_reference(string name)
    {
        var given = TokenizerCase.Open(name);
        var tokenizer = given.Loaded;
        Assert.Equal(given.Expected.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);
        Assert.Equal(given.Expected.GetProperty("length").GetInt32(), tokenizer.Length);
        foreach (var role in given.Expected.GetProperty("special_ids").EnumerateObject())
        {
            var found = role.Name switch
            {
                "bos_token" => tokenizer.BosId,
                "eos_token" => tokenizer.EosId,
                "pad_token" => tokenizer.PadId,
                "unk_token" => tokenizer.UnkId,
                _ => role.Value.GetInt32(),
            };
            Assert.Equal(role.Value.GetInt32(), found);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_text_has_the_ids_of_the_reference(string name)
    {
        var given = TokenizerCase.Open(name);
        var count = 0;
        foreach (var item in given.List("encodings"))
        {
            var text = item.GetProperty("text").GetString()!;
            Assert.Equal((text, Ids(item, "ids")), (text, Join(given.Loaded.Encode(text, addSpecialTokens: true))));
            var plain = given.Loaded.Encode(text, addSpecialTokens: false);
            Assert.Equal((text, Ids(item, "ids_no_special")), (text, Join(plain)));
            Assert.Equal(
                item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()),
                plain.Select(id => given.Loaded.TokenOf(id)));
            count++;
        }

        Assert.True(count > 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_list_of_ids_has_the_text_of_the_reference(string name)
    {
        var given = TokenizerCase.Open(name);
        foreach (var item in given.List("encodings"))
        {
            var ids = item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            Assert.Equal(item.GetProperty("decoded").GetString(), given.Loaded.Decode(ids, skipSpecialTokens: false));
            Assert.Equal(item.GetProperty("decoded_skip_special").GetString(), given.Loaded.Decode(ids, skipSpecialTokens: true));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decoding_one_by_one_gives_the_text_of_the_reference(string name)
    {
        var given = TokenizerCase.Open(name);
        foreach (var item in given.List("encodings"))
        {
            foreach (var (skip, expected) in new[] { (false, "decoded"), (true, "decoded_skip_special") })
            {
                var stream = new DecodeStream(given.Loaded, skip);
                var parts = item.GetProperty("ids").EnumerateArray().Select(id => stream.Add(id.GetInt32())).ToList();
                Assert.DoesNotContain(parts, part => part.Contains('\uFFFD', StringComparison.Ordinal) && !item.GetProperty("text").GetString()!.Contains('\uFFFD', StringComparison.Ordinal));
                Assert.Equal(item.GetProperty(expected).GetString(), string.Concat(parts) + stream.Finish());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Offsets_have_the_same_ids_and_cover_the_text(string name)
    {
        var given = TokenizerCase.Open(name);
        foreach (var item in given.List("encodings"))
        {
            var text = item.GetProperty("text").GetString()!;
            var encoded = given.Loaded.EncodeWithOffsets(text, addSpecialTokens: true, trims: false);
            Assert.Equal(Ids(item, "ids"), Join(encoded.Ids));
            Assert.Equal(encoded.Ids.Length, encoded.Spans.Length);
            if (DropsText(given.Folder))
            {
                continue;
            }

            var covered = 0;
            foreach (var span in encoded.Spans)
            {
                Assert.True(span.Start <= covered, $"a gap before {span} in '{text}'");
                covered = Math.Max(covered, span.End);
            }

            Assert.Equal(text.Length, covered);
        }
    }

    private static string Ids(JsonElement item, string name) =>
        Join(item.GetProperty(name).EnumerateArray().Select(id => id.GetInt32()));

    /// <summary>Whether the normalizer or the splitting takes characters away, which no span covers.</summary>
    private static bool DropsText(string folder)
    {
        using var tokenizer = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")));
        var (normalizer, splits) = (Text("normalizer"), Text("pre_tokenizer"));
        return new[] { "\"Strip", "\"Precompiled", "\"Nmt", "\"content\":\"\"" }.Any(normalizer.Contains)
            || new[] { "Removed", "\"Whitespace", "\"Bert", "\"CharDelimiterSplit" }.Any(splits.Contains);

        string Text(string part) => tokenizer.RootElement.TryGetProperty(part, out var value) ? JsonSerializer.Serialize(value) : "";
    }

    private static string Join(IEnumerable<int> ids) => string.Join(' ', ids);
}
