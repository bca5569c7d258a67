using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>The tokenizer of Microsoft.ML.Tokenizers over the same vocabulary, as an independent opinion.</summary>
internal static class MicrosoftTokenizer
{
    public static BpeTokenizer Over(string folder)
    {
        var model = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json"))).RootElement.GetProperty("model");
        var (vocabulary, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        File.WriteAllText(vocabulary, model.GetProperty("vocab").GetRawText());
        File.WriteAllLines(merges, model.GetProperty("merges").EnumerateArray().Select(pair => $"{pair[0].GetString()} {pair[1].GetString()}").Prepend("#version: 0.2"));
        return BpeTokenizer.Create(new BpeOptions(vocabulary, merges)
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new Regex(BpeTrainer.Pattern), null),
        });
    }
}
