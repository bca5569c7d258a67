using Neoteny.Losses;

namespace Neoteny.Conformance;

/// <summary>One loss problem: sizes, labels and semantics.</summary>
/// <param name="Name">What is special about it.</param>
/// <param name="Tokens">Tokens.</param>
/// <param name="Hidden">Hidden size.</param>
/// <param name="Vocabulary">Vocabulary size.</param>
public sealed record LossCase(string Name, int Tokens, int Hidden, int Vocabulary)
{
    /// <summary>Which labels are ignored.</summary>
    public IgnoredLabels Ignored { get; init; } = IgnoredLabels.Some;

    /// <summary>Factor on random hidden states: large ones make extreme logits.</summary>
    public double Spread { get; init; } = 1;

    /// <summary>Factor on the tolerance, for problems that magnify the rounding of their logits.</summary>
    public double Slack { get; init; } = 1;

    /// <summary>The factor on the sum.</summary>
    public double Scale { get; init; } = 0.125;

    /// <summary>The semantics in use.</summary>
    public LossFeatures Demands { get; init; }

    /// <summary>The softcap where it is demanded.</summary>
    public double Softcap { get; init; } = 2.5;

    /// <summary>Whether the head's weight and bias train.</summary>
    public bool HeadTrains { get; init; } = true;

    /// <summary>Whether hidden states are a slice of wider rows.</summary>
    public bool Strided { get; init; }

    /// <summary>Sizes that every loss is held against.</summary>
    public static IReadOnlyList<LossCase> Sizes { get; } =
    [
        new("one token", 1, 7, 5) { Ignored = IgnoredLabels.None },
        new("primes", 13, 31, 97),
        new("hidden size 123", 5, 123, 1009) { Ignored = IgnoredLabels.None },
        new("more tokens", 131, 16, 211),
        new("several blocks of tokens", 300, 8, 2111),
        new("two labels", 9, 8, 2),
    ];

    /// <summary>Large vocabularies with few tokens, so that a suite takes seconds.</summary>
    public static IReadOnlyList<LossCase> Large { get; } =
    [
        Long("vocabulary of 50257", 3, 24, 50_257),
        Long("vocabulary of 50257, hidden size 123", 1, 123, 50_257) with { Ignored = IgnoredLabels.None },
        Long("vocabulary of 128256", 2, 8, 128_256) with { Ignored = IgnoredLabels.None },
        Long("vocabulary of 256000", 2, 8, 256_000) with { Ignored = IgnoredLabels.None },
    ];

    // The hidden gradient sums over the vocabulary, and the rounding of a sum grows with the root of its length; the plain tolerance is made for a few thousand.
    private static LossCase Long(string name, int tokens, int hidden, int vocabulary)
        => new(name, tokens, hidden, vocabulary) { Slack = Math.Sqrt(vocabulary / 4096.0) };

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>How many labels are ignored.</summary>
public enum IgnoredLabels
{
    /// <summary>None.</summary>
    None,

    /// <summary>Every third.</summary>
    Some,

    /// <summary>All.</summary>
    All,
}
