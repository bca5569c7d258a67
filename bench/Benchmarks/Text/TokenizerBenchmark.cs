using System.Text;
using System.Text.Json;
using Neoteny.Benchmarks.Harness;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Benchmarks.Text;

/// <summary>Throughput of byte-level BPE on English text, one thread.</summary>
internal sealed class TokenizerBenchmark : IBenchmark
{
    private const int MostBytes = 8_000_000;
    private const int WarmUp = 2;

    public string Name => "tokenizer";

    public int DefaultRepeat => 15;

    public Report Run(int repeat)
    {
        var (source, texts) = Texts();
        var bytes = texts.Sum(t => (long)Encoding.UTF8.GetByteCount(t));
        var tokenizer = Tokenizer.Load(Repository.ExampleModel);
        var cold = Enumerable.Range(0, WarmUp + repeat).Select(_ => Tokenizer.Load(Repository.ExampleModel)).ToArray();
        long tokens = 0;
        var times = Rounds.Time(
            "byte-level BPE, 4096 tokens", WarmUp, repeat,
            ("first pass of a new tokenizer", i => Encode(cold[i], texts)),
            ("further passes", _ => tokens = Encode(tokenizer, texts)));
        return new Report
        {
            Title = "Tokenizer throughput",
            Method = "The example model's tokenizer encodes English texts one after another on one thread. MB are 10^6 bytes of UTF-8.",
            Measurements = [.. times.Select(t => new Measurement(t.Group, t.Name, "MB/s", [.. t.Samples.Select(ms => bytes / 1e3 / ms)], "at least 3"))],
            Notes = [$"{bytes / 1e6:f1} MB in {texts.Count} texts from {source}, {(double)bytes / tokens:f2} bytes a token"],
        };
    }

    private static long Encode(Tokenizer tokenizer, List<string> texts)
    {
        long tokens = 0;
        foreach (var text in texts)
        {
            tokens += tokenizer.Encode(text, addSpecialTokens: false).Length;
        }

        return tokens;
    }

    /// <summary>The pretraining text where it was made, else the example instructions (few distinct words, so faster than prose).</summary>
    private static (string Source, List<string> Texts) Texts()
    {
        var pretraining = Path.Combine(Repository.Root, "out", "pretrain", "train.jsonl");
        var file = File.Exists(pretraining) ? pretraining : Path.Combine(Repository.Root, "examples", "data", "capitals-alpaca.jsonl");
        var (texts, bytes) = (new List<string>(), 0L);
        foreach (var line in File.ReadLines(file))
        {
            using var record = JsonDocument.Parse(line);
            texts.Add(string.Join('\n', record.RootElement.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String).Select(p => p.Value.GetString())));
            if ((bytes += Encoding.UTF8.GetByteCount(texts[^1])) > MostBytes)
            {
                break;
            }
        }

        return (Path.GetRelativePath(Repository.Root, file), texts);
    }
}
