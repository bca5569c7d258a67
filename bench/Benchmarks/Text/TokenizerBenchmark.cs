using System.Text;
using System.Text.Json;
using Neoteny.Benchmarks.Harness;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Benchmarks.Text;

/// <summary>Throughput on English text, one thread: the example model's tokenizer, and small ones with the patterns of well-known models.</summary>
internal sealed class TokenizerBenchmark : IBenchmark
{
    private const int MostBytes = 8_000_000;
    private const int LeastBytes = 2_000_000;
    private const int WarmUp = 2;

    // Small vocabularies: what these rows show is the cost of splitting and looking up, not of long merges.
    private static readonly (string Label, string Folder, string? Target)[] Patterns =
    [
        ("Llama 3's pattern", "bpe-llama3", "at least 3"),
        ("Qwen's pattern and NFC", "bpe-chatml", "at least 3"),
        ("o200k's pattern", "bpe-o200k", "at least 3"),
        ("Metaspace and byte fallback", "spm-metaspace", null),
    ];

    public string Name => "tokenizer";

    public int DefaultRepeat => 15;

    public Report Run(int repeat)
    {
        var (source, texts) = Texts();
        var bytes = texts.Sum(t => (long)Encoding.UTF8.GetByteCount(t));
        long tokens = 0;
        var measurements = new List<Measurement>(Measure("byte-level BPE, 4096 tokens", Repository.ExampleModel, "at least 3"));
        var bytesPerToken = (double)bytes / tokens;
        foreach (var (label, folder, target) in Patterns)
        {
            measurements.AddRange(Measure(label, Path.Combine(Repository.Root, "tests", "Fixtures", "tokenizers", folder), target));
        }

        return new Report
        {
            Title = "Tokenizer throughput",
            Method = "The example model's tokenizer, and those of tests/Fixtures/tokenizers with a few hundred tokens, encode English texts one after another on one thread. MB are 10^6 bytes of UTF-8.",
            Measurements = measurements,
            Notes = [$"{bytes / 1e6:f1} MB in {texts.Count} texts from {source}, {bytesPerToken:f2} bytes a token of the example model"],
        };

        IEnumerable<Measurement> Measure(string group, string folder, string? target)
        {
            var tokenizer = Tokenizer.Load(folder);
            var cold = Enumerable.Range(0, WarmUp + repeat).Select(_ => Tokenizer.Load(folder)).ToArray();
            var times = Rounds.Time(
                group, WarmUp, repeat,
                ("first pass of a new tokenizer", i => Encode(cold[i], texts)),
                ("further passes", _ => tokens = Encode(tokenizer, texts)));
            return times.Select(t => new Measurement(t.Group, t.Name, "MB/s", [.. t.Samples.Select(ms => bytes / 1e3 / ms)], target));
        }
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

        // Passes over less measure the compiler that is still at work.
        var once = texts.ToArray();
        for (; bytes < LeastBytes; bytes += once.Sum(t => (long)Encoding.UTF8.GetByteCount(t)))
        {
            texts.AddRange(once);
        }

        return (Path.GetRelativePath(Repository.Root, file), texts);
    }
}
