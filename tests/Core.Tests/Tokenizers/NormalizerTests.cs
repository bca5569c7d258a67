using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>Normalization forms against normalization-cases.json, written with Python's unicodedata 15.1.</summary>
public class NormalizerTests
{
    [Theory]
    [InlineData("NFC")]
    [InlineData("NFD")]
    [InlineData("NFKC")]
    [InlineData("NFKD")]
    public void A_normalization_form_is_that_of_Unicode(string form)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Normalizing($$"""{"type": "{{form}}"}"""));
        var cases = JsonDocument.Parse(File.ReadAllBytes(Beside("normalization-cases.json"))).RootElement.GetProperty("cases");
        Assert.Equal(120, cases.GetArrayLength());
        foreach (var given in cases.EnumerateArray())
        {
            var text = given.GetProperty("text").GetString()!;
            Assert.Equal(given.GetProperty(form).GetString(), tokenizer.Decode(tokenizer.Encode(text, false), false));
        }
    }

    [Theory]
    [InlineData("""{"type": "Lowercase"}""", "ÄBC Σ", "äbc σ")]
    [InlineData("""{"type": "Lowercase"}""", "\u0130X", "i\u0307x")]
    [InlineData("""{"type": "Strip", "strip_left": true, "strip_right": true}""", " \t a b \n", "a b")]
    [InlineData("""{"type": "Strip", "strip_left": false, "strip_right": true}""", "   ", "")]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}""", "élève", "eleve")]
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "b+"}, "content": "$0"}""", "abbc", "a$0c")]
    [InlineData("""{"type": "Prepend", "prepend": "> "}""", "x", "> x")]
    [InlineData("""{"type": "Nmt"}""", "a\u200bb\u0001c", "a bc")]
    public void A_normalizer_rewrites(string normalizer, string text, string expected)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Normalizing(normalizer));
        Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text, false), false));
    }

    [Fact]
    public void Offsets_point_into_the_text_before_normalization()
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Bytes());
        const string text = "cafe\u0301 hello";
        var encoded = tokenizer.EncodeWithOffsets(text, addSpecialTokens: false);
        var accented = Enumerable.Range(0, encoded.Ids.Length).Where(i => encoded.Spans[i].Start == 3).ToArray();
        Assert.Equal(2, accented.Length);
        Assert.All(accented, i => Assert.Equal((3, 5), (encoded.Spans[i].Start, encoded.Spans[i].End)));
        Assert.Equal("hello", text[encoded.Spans[^1].Start..encoded.Spans[^1].End]);
    }

    private static string Beside(string name, [CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, name);
}
