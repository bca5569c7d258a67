using Neoteny.Training.Options;

namespace Neoteny.Training.Data;

/// <summary>Decides about documents that are too long, too short, or without anything to train.</summary>
internal sealed class LengthRule(DataOptions options, int sequenceLength)
{
    public int TooLong { get; private set; }

    public int Truncated { get; private set; }

    public int TooShort { get; private set; }

    public int Untrained { get; private set; }

    /// <summary>The document to keep, or null.</summary>
    /// <exception cref="InputException">It is too long and the strategy is to raise.</exception>
    public Document? Apply(Document document, JsonRecord record)
    {
        if (document.Length > sequenceLength)
        {
            switch (options.ExcessLength)
            {
                case ExcessLengthStrategy.Raise:
                    throw record.Error($"has {document.Length} tokens, but sequence_len is {sequenceLength}. Raise sequence_len, shorten the record, or set "
                        + "excess_length_strategy to drop or truncate.");
                case ExcessLengthStrategy.Drop:
                    TooLong++;
                    return null;
                default:
                    Truncated++;
                    document = document.Truncate(sequenceLength);
                    break;
            }
        }

        if (document.Length < options.MinimumLength)
        {
            TooShort++;
            return null;
        }

        if (document.TrainedTokens == 0)
        {
            Untrained++;
            return null;
        }

        return document;
    }
}
