namespace Neoteny.Runtime.Operators;

/// <summary>Which divergence.</summary>
/// <param name="Beta">The teacher's share in the mixture; 0 and 1 are the two directions of Kullback and Leibler's.</param>
/// <param name="Temperature">Both logits are divided by it.</param>
internal sealed record DivergenceTerms(double Beta, double Temperature)
{
    /// <summary>0 for KL(P || Q), 1 for KL(Q || P), 2 for a mixture.</summary>
    public int Kind => Beta == 0 ? 0 : Beta == 1 ? 1 : 2;
}
