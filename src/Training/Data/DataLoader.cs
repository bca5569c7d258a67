using Neoteny.Training.Data.Prompts;
using Neoteny.Training.Options;
using Neoteny.Training.Packing;

namespace Neoteny.Training.Data;

/// <summary>Reads, renders, tokenizes and splits the datasets of a configuration.</summary>
/// <param name="options">The datasets and what applies to all of them.</param>
/// <param name="encoder">The tokenizer.</param>
/// <param name="chat">The chat template; null where the model has none.</param>
public sealed class DataLoader(DataOptions options, ITextEncoder encoder, IChatEncoder? chat = null)
{
    /// <summary>Turns a path of the configuration into a path on this machine. By default it is taken as it is.</summary>
    public Func<string, string> ResolvePath { get; init; } = path => path;

    /// <summary>Finds the files of a dataset that is not on this machine; null, by default always, where it is.</summary>
    public Func<DatasetOptions, IReadOnlyList<string>?> Download { get; init; } = _ => null;

    /// <summary>Loads everything.</summary>
    /// <param name="seed">Decides which documents are held out.</param>
    /// <exception cref="InputException">A file is missing, a record malformed, a dataset empty, or the split leaves nothing to train on.</exception>
    public TrainingData Load(long seed)
    {
        var (training, report) = Read(options.Datasets, options.SequenceLength);
        if (options.TestDatasets.Count > 0)
        {
            var (evaluation, evaluationReport) = Read(options.TestDatasets, options.EvaluationSequenceLength ?? options.SequenceLength);
            return new TrainingData { Training = training, Evaluation = evaluation, Report = report, EvaluationReport = evaluationReport };
        }

        var (kept, heldOut) = Split(training, seed);
        return new TrainingData { Training = kept, Evaluation = heldOut, Report = report };
    }

    private (List<Document> Documents, DataReport Report) Read(IReadOnlyList<DatasetOptions> datasets, int sequenceLength)
    {
        var rule = new LengthRule(options, sequenceLength);
        var documents = new List<Document>();
        var records = 0;
        foreach (var dataset in datasets)
        {
            var style = PromptStyles.Create(dataset, options, sequenceLength, encoder, chat);
            var (kept, read) = (documents.Count, 0);
            var files = Download(dataset) ?? JsonFiles.Find(ResolvePath(dataset.Path), dataset.DataFiles);
            foreach (var record in files.SelectMany(f => ParquetFiles.Reads(f) ? ParquetFiles.Read(f) : JsonFiles.Read(f)))
            {
                read++;
                documents.AddRange(style.Encode(record).Select(d => rule.Apply(d, record)).OfType<Document>());
            }

            records += read;
            if (documents.Count == kept)
                throw Empty(dataset, read, sequenceLength);
        }

        return (documents, new DataReport
        {
            Records = records,
            Documents = documents.Count,
            Tokens = documents.Sum(d => (long)d.Length),
            TrainedTokens = documents.Sum(d => (long)d.TrainedTokens),
            TooLong = rule.TooLong,
            Truncated = rule.Truncated,
            TooShort = rule.TooShort,
            Untrained = rule.Untrained,
        });
    }

    private static InputException Empty(DatasetOptions dataset, int read, int sequenceLength) => new(read == 0
        ? $"The dataset {dataset.Path} is empty. Put at least one record into it."
        : $"None of the {read} records of the dataset {dataset.Path} can be trained: they have more than sequence_len ({sequenceLength}) tokens, or nothing "
            + "in them is trained. Raise sequence_len, set excess_length_strategy to truncate, or check the dataset's type and fields.");

    private (List<Document> Kept, List<Document> HeldOut) Split(List<Document> documents, long seed)
    {
        var size = options.ValidationSize;
        var count = (int)(size < 1 ? Math.Ceiling(size * documents.Count) : size);
        if (count == 0)
            return (documents, []);
        if (count >= documents.Count)
        {
            throw new InputException($"val_set_size ({size}) holds out {count} of {documents.Count} documents, which leaves nothing to train on. "
                + "Lower it, or name test_datasets.");
        }

        var order = Permutation.Of(documents.Count, CounterRandom.Key(seed, 0x5eed));
        var heldOut = order.Take(count).ToHashSet();
        return ([.. documents.Where((_, i) => !heldOut.Contains(i))], [.. order.Take(count).Order().Select(i => documents[i])]);
    }
}
