using Neoteny.Configuration;
using Neoteny.Models.Hub;

namespace Neoteny.Training.Options;

/// <summary>What to train on, and how documents become rows of tokens.</summary>
[Options]
public sealed record DataOptions : IValidated
{
    /// <summary>The training data.</summary>
    [Key("datasets", Summary = "What to train on.")]
    public IReadOnlyList<DatasetOptions> Datasets { get; init; } = [];

    /// <summary>Data for evaluation.</summary>
    [Key("test_datasets", Summary = "What to evaluate on, apart from the training data.")]
    public IReadOnlyList<DatasetOptions> TestDatasets { get; init; } = [];

    /// <summary>How much of the training data is held out for evaluation.</summary>
    [Key("val_set_size", Minimum = 0, Summary = "Held out for evaluation: a fraction below 1, or a number of documents.")]
    public double ValidationSize { get; init; }

    /// <summary>The most tokens of a document, and the tokens of a packed row.</summary>
    [Key("sequence_len", Minimum = 2, Summary = "The most tokens of a document, and of a packed row.")]
    public int SequenceLength { get; init; } = 512;

    /// <summary>The same for evaluation; null for <see cref="SequenceLength"/>.</summary>
    [Key("eval_sequence_len", Minimum = 2, Summary = "The same for evaluation.", Default = "sequence_len")]
    public int? EvaluationSequenceLength { get; init; }

    /// <summary>The fewest tokens of a document that is kept.</summary>
    [Key("min_sample_len", Minimum = 2, Summary = "Documents with fewer tokens are left out.")]
    public int MinimumLength { get; init; } = 2;

    /// <summary>What becomes of longer documents.</summary>
    [Key("excess_length_strategy", Summary = "What becomes of documents longer than sequence_len: drop, truncate or raise.")]
    public ExcessLengthStrategy ExcessLength { get; init; } = ExcessLengthStrategy.Drop;

    /// <summary>Whether rows are filled with several documents up to <see cref="SequenceLength"/>.</summary>
    [Key("sample_packing", Summary = "Fill rows of sequence_len tokens with several documents.")]
    public bool Packing { get; init; }

    /// <summary>The same for evaluation; null for <see cref="Packing"/>.</summary>
    [Key("eval_sample_packing", Summary = "The same for evaluation.", Default = "sample_packing")]
    public bool? EvaluationPacking { get; init; }

    /// <summary>How many documents are packed together.</summary>
    [Key("sample_packing_group_size", Minimum = 1, Summary = "How many documents are packed together; more gives fuller rows.")]
    public int PackingGroup { get; init; } = 100_000;

    /// <summary>Whether rows are filled up to their full length; null decides by the device.</summary>
    [Key("pad_to_sequence_len", Summary = "Fill packed rows up to sequence_len with an untrained document.", Default = "true on a GPU with packing")]
    public bool? PadRows { get; init; }

    /// <summary>Whether prompts are trained too.</summary>
    [Key("train_on_inputs", Summary = "Train on prompts too, not only on answers.")]
    public bool TrainOnInputs { get; init; }

    /// <summary>Whether documents are drawn in a random order.</summary>
    [Key("shuffle_merged_datasets", Summary = "Draw documents in a new random order in each epoch.")]
    public bool Shuffle { get; init; } = true;

    /// <summary>Accepted and unused: tokenized data is not stored.</summary>
    [Key("dataset_prepared_path", Summary = "Accepted and unused: data is tokenized at each start.")]
    public string? PreparedPath { get; init; }

    /// <summary>Accepted and unused: no column can disturb.</summary>
    [Key("remove_unused_columns", Summary = "Accepted and unused: fields that the dataset type does not name are never read.")]
    public bool? RemoveUnusedColumns { get; init; }

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Datasets.Count == 0)
        {
            problems.Add(nameof(Datasets), "names no dataset. List at least one, for instance '- path: data.jsonl' with 'type: alpaca'.");
        }

        if (TestDatasets.Count > 0 && ValidationSize > 0)
        {
            problems.Add(nameof(ValidationSize), "cannot be set together with test_datasets. Keep one of the two.");
        }

        if (ValidationSize > 1 && ValidationSize != Math.Floor(ValidationSize))
        {
            problems.Add(nameof(ValidationSize), "is a fraction below 1 or a whole number of documents.");
        }

        if (PreparedPath is not null)
        {
            problems.Warn(nameof(PreparedPath), "is not used: data is tokenized at each start.");
        }

        Check(problems, nameof(Datasets), Datasets);
        Check(problems, nameof(TestDatasets), TestDatasets);
    }

    private static void Check(IProblems problems, string property, IReadOnlyList<DatasetOptions> datasets)
    {
        for (var i = 0; i < datasets.Count; i++)
        {
            if (datasets[i].Split is { } split && split != "train" && HubRepository.Parse(HubKind.Dataset, datasets[i].Path) is null)
            {
                problems.Add(property, $"entry {i + 1} asks for the split '{split}', but local files have one split, 'train'. Put the wanted records in a file of their own.");
            }

            if (datasets[i].Type is null)
            {
                problems.Add(property, $"entry {i + 1} ({datasets[i].Path}) has no type. Add one of {string.Join(", ", Data.PromptStyles.Names)}.");
            }
            else if (!Data.PromptStyles.Names.Contains(datasets[i].Type!.Name) && datasets[i].Type!.Name != DatasetTypeOptions.Custom)
            {
                problems.Add(property, $"entry {i + 1} has the type '{datasets[i].Type!.Name}', which is not known. Known are "
                    + $"{string.Join(", ", Data.PromptStyles.Names)}, or a mapping with field_instruction, field_output and format.");
            }
        }
    }
}
