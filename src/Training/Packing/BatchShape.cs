namespace Neoteny.Training.Packing;

/// <summary>How documents are put together.</summary>
public sealed record BatchShape
{
    /// <summary>Tokens of a packed row.</summary>
    public required int SequenceLength { get; init; }

    /// <summary>Rows of a micro-batch with packing, documents without.</summary>
    public required int MicroBatchSize { get; init; }

    /// <summary>Whether rows hold several documents.</summary>
    public bool Packing { get; init; }

    /// <summary>How many documents are packed together.</summary>
    public int PackingGroup { get; init; } = 100_000;

    /// <summary>Whether the order is random, another in each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Whether each row is filled up to <see cref="SequenceLength"/> with an untrained document.</summary>
    public bool PadRows { get; init; }
}
