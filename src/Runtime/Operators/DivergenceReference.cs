using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// T tokens, V vocabulary

/// <summary>Divergences as a composition of libtorch's calls in fp32, for what neither kernel nor loop takes.</summary>
internal static class DivergenceReference
{
    public static void Forward(Tensor student_TV, Tensor teacher_TV, Tensor losses_T, Tensor statistics_T3, DivergenceTerms terms)
    {
        var (q_TV, p_TV) = (Scaled(student_TV, terms), Scaled(teacher_TV, terms));
        var (lseQ_T, lseP_T) = (q_TV.logsumexp(1), p_TV.logsumexp(1));
        var (value_TV, slope_TV) = Terms(q_TV.sub_(lseQ_T.unsqueeze(1)), p_TV.sub_(lseP_T.unsqueeze(1)), terms);
        losses_T.copy_(value_TV.sum([1L]));
        statistics_T3.copy_(stack([lseQ_T, lseP_T, slope_TV.sum([1L])], 1));
    }

    public static void Backward(Tensor student_TV, Tensor teacher_TV, Tensor statistics_T3, Tensor factors_T, Tensor gradient_TV, DivergenceTerms terms)
    {
        Tensor Column(long i) => statistics_T3.narrow(1, i, 1);
        var (q_TV, p_TV) = (Scaled(student_TV, terms).sub_(Column(0)), Scaled(teacher_TV, terms).sub_(Column(1)));
        var (_, slope_TV) = Terms(q_TV, p_TV, terms);
        gradient_TV.copy_(slope_TV.sub_(q_TV.exp().mul_(Column(2))).mul_(factors_T.unsqueeze(1)).mul_(Scalars.Of(1 / terms.Temperature)));
    }

    /// <summary>A tensor of its own.</summary>
    private static Tensor Scaled(Tensor x, DivergenceTerms terms) => x.to(ScalarType.Float32).mul(Scalars.Of(1 / terms.Temperature));

    private static (Tensor Value, Tensor Slope) Terms(Tensor logQ, Tensor logP, DivergenceTerms terms)
    {
        var (q, p) = (logQ.exp(), logP.exp());
        switch (terms.Kind)
        {
            case 0:
                return (p.mul(logP.sub(logQ)), p.neg());
            case 1:
                var value = q.mul(logQ.sub(logP));
                return (value, value.add(q, Scalars.One));
            default:
                // Both logarithms relative to the larger one: where the mixture is nearly one of the two, nothing is lost in the difference.
                var larger = logQ.maximum(logP);
                var (restQ, restP) = (logQ.sub(larger), logP.sub(larger));
                var log = restP.exp().mul_(Scalars.Of(terms.Beta)).add_(restQ.exp(), Scalars.Of(1 - terms.Beta)).log_();
                var slope = restQ.sub_(log).mul_(q).mul_(Scalars.Of(1 - terms.Beta));
                return (restP.sub_(log).mul_(p).mul_(Scalars.Of(terms.Beta)).add_(slope, Scalars.One), slope);
        }
    }
}
