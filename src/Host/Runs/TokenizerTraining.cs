using System.Text.Json;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Host.Runs;

/// <summary>Learns a tokenizer from text files.</summary>
internal static class TokenizerTraining
{
    private const string End = "<|endoftext|>";
    private const string TurnStart = "<|im_start|>";
    private const string TurnEnd = "<|im_end|>";

    /// <summary>Turns in ChatML, closed by a token of their own.</summary>
    private const string ChatTemplate =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>Learns from files and writes a tokenizer folder.</summary>
    /// <param name="files">JSONL files, of which every text value but roles counts, or plain text.</param>
    /// <param name="output">The folder; made when missing.</param>
    /// <param name="vocabularySize">Tokens altogether.</param>
    /// <param name="maxLength">The model's longest sequence, for the tokenizer's settings.</param>
    /// <exception cref="InputException">A file is missing or malformed, or the size too small.</exception>
    public static TrainedTokenizer Run(IReadOnlyList<string> files, string output, int vocabularySize, int maxLength)
    {
        if (files.FirstOrDefault(f => !File.Exists(f)) is { } missing)
        {
            throw new InputException($"There is no file '{missing}'. Name JSONL or text files to learn from.");
        }

        var tokenizer = BpeTrainer.Train(files.SelectMany(Texts), vocabularySize, [End, TurnStart, TurnEnd]);
        tokenizer.Save(output, new TokenizerMetadata
        {
            BosToken = End,
            EosToken = TurnEnd,
            PadToken = End,
            ChatTemplate = ChatTemplate,
            ModelMaxLength = maxLength,
        });
        return tokenizer;
    }

    private static IEnumerable<string> Texts(string file)
    {
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (!file.EndsWith(".jsonl", StringComparison.Ordinal))
            {
                yield return line + "\n";
                continue;
            }

            foreach (var text in Parse(file, number, line))
            {
                yield return text;
            }
        }
    }

    private static List<string> Parse(string file, int number, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return [.. Strings(json.RootElement)];
        }
        catch (JsonException e)
        {
            throw new InputException($"{file}:{number}: not valid JSON: {e.Message} Each line must be one JSON object.", e);
        }
    }

    private static IEnumerable<string> Strings(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Strings),
        JsonValueKind.Object => element.EnumerateObject().Where(p => p.Name != "role").SelectMany(p => Strings(p.Value)),
        _ => [],
    };
}
