namespace Neoteny.Training.Data;

/// <summary>What reading a set of datasets gave.</summary>
public sealed record DataReport
{
    /// <summary>Records read.</summary>
    public required int Records { get; init; }

    /// <summary>Documents kept.</summary>
    public required int Documents { get; init; }

    /// <summary>Tokens of the documents kept.</summary>
    public required long Tokens { get; init; }

    /// <summary>Predictions trained among them.</summary>
    public required long TrainedTokens { get; init; }

    /// <summary>Documents left out because they are longer than <c>sequence_len</c>.</summary>
    public int TooLong { get; init; }

    /// <summary>Documents cut to <c>sequence_len</c>.</summary>
    public int Truncated { get; init; }

    /// <summary>Documents left out because they are shorter than <c>min_sample_len</c>.</summary>
    public int TooShort { get; init; }

    /// <summary>Documents left out because nothing in them is trained.</summary>
    public int Untrained { get; init; }

    /// <summary>One line for a log.</summary>
    public override string ToString()
    {
        var text = $"{Documents} documents from {Records} records: {Tokens} tokens, {TrainedTokens} of them trained";
        (int Count, string What)[] odd =
        [
            (TooLong, "left out as longer than sequence_len"), (Truncated, "cut to sequence_len"), (TooShort, "left out as shorter than min_sample_len"),
            (Untrained, "left out as nothing in them is trained"),
        ];
        return text + string.Concat(odd.Where(o => o.Count > 0).Select(o => $"; {o.Count} {o.What}"));
    }
}
