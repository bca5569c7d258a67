namespace Neoteny.Runtime.AttentionOperators;

/// <summary>Neighbouring documents of one length.</summary>
/// <param name="Start">The first row of the first one.</param>
/// <param name="Count">How many.</param>
/// <param name="Length">Tokens of each.</param>
/// <param name="Padded">The length that the kernel runs each at; larger than <paramref name="Length"/> only for a single document.</param>
public readonly record struct DenseDocuments(int Start, int Count, int Length, int Padded)
{
    /// <summary>Rows of all of them.</summary>
    public int Rows => Count * Length;
}
