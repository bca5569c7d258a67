using Neoteny.Autograd;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// T tokens, V vocabulary

/// <summary>
/// How far a student's next-token distribution Q is from a teacher's P, for distillation: <c>sum over t of w[t] D(P, Q)</c> with Kullback and Leibler's
/// divergence, or the generalised one of Jensen and Shannon, <c>beta KL(P || M) + (1 - beta) KL(Q || M)</c>, <c>M = beta P + (1 - beta) Q</c> (Agarwal et al. 2024).
/// </summary>
/// <remarks>
/// Inputs: the student's logits <c>[T, V]</c>, the teacher's, which get no gradient, and weights, fp32 <c>[T]</c>, for instance one over the trained tokens and zero
/// elsewhere. Output: fp32 scalar. Saves the logits and three numbers a token; the student's gradient takes the place of its logits where nobody else needs them.
/// </remarks>
public sealed class Divergence : Operator
{
    private readonly DivergenceTerms terms;

    private Divergence(string name, double beta, double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        (Name, terms) = (name, new DivergenceTerms(beta, temperature));
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>Kullback and Leibler's divergence.</summary>
    /// <param name="temperature">Both logits are divided by it.</param>
    /// <param name="reverse">Whether to take KL(Q || P), which seeks the teacher's modes, instead of KL(P || Q).</param>
    public static Divergence KullbackLeibler(double temperature, bool reverse) => new("kl_divergence", reverse ? 1 : 0, temperature);

    /// <summary>The generalised divergence of Jensen and Shannon.</summary>
    /// <param name="beta">The teacher's share in the mixture, from 0 to 1; at 0 it is KL(P || Q), at 1 KL(Q || P), as the limits are when divided by beta and by 1 - beta.</param>
    /// <param name="temperature">Both logits are divided by it.</param>
    public static Divergence JensenShannon(double beta, double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(beta, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(beta, 1);
        return new("js_divergence", beta, temperature);
    }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (student_TV, teacher_TV, weights_T) = (context.Input(0), context.Input(1), context.Input(2));
        if (student_TV.dim() != 2 || !student_TV.shape.SequenceEqual(teacher_TV.shape) || weights_T.dim() != 1 || weights_T.size(0) != student_TV.size(0))
        {
            throw new ArgumentException($"{Name}: student [{string.Join(", ", student_TV.shape)}], teacher [{string.Join(", ", teacher_TV.shape)}] and weights "
                + $"[{string.Join(", ", weights_T.shape)}] are not [T, V], [T, V] and [T].");
        }

        var (losses_T, statistics_T3) = (empty(student_TV.size(0), device: student_TV.device), empty(student_TV.size(0), 3, device: student_TV.device));
        if (DivergenceKernels.Handles(student_TV, teacher_TV))
        {
            DivergenceKernels.Forward(student_TV, teacher_TV, losses_T, statistics_T3, terms);
        }
        else if (DivergenceLoops.Handles(student_TV, teacher_TV))
        {
            DivergenceLoops.Forward(student_TV, teacher_TV, losses_T, statistics_T3, terms);
        }
        else
        {
            DivergenceReference.Forward(student_TV, teacher_TV, losses_T, statistics_T3, terms);
        }

        context.Emit(losses_T.mul_(weights_T).sum());
        context.SaveInput(0);
        context.SaveInput(1);
        context.SaveInput(2);
        context.Save(statistics_T3);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (!context.NeedsGradient(0))
        {
            return;
        }

        var (student_TV, teacher_TV, statistics_T3) = (context.Input(0), context.Input(1), context.Extra(0));
        var factors_T = context.Input(2).mul(context.Gradient);
        var overwrites = context.MayOverwriteInput(0);
        var gradient_TV = overwrites ? student_TV : empty(student_TV.shape, dtype: student_TV.dtype, device: student_TV.device);
        if (DivergenceKernels.Handles(student_TV, teacher_TV))
        {
            DivergenceKernels.Backward(student_TV, teacher_TV, statistics_T3, factors_T, gradient_TV, terms);
        }
        else if (DivergenceLoops.Handles(student_TV, teacher_TV))
        {
            DivergenceLoops.Backward(student_TV, teacher_TV, statistics_T3, factors_T, gradient_TV, terms);
        }
        else
        {
            DivergenceReference.Backward(student_TV, teacher_TV, statistics_T3, factors_T, gradient_TV, terms);
        }

        context.Give(0, overwrites ? gradient_TV.alias() : gradient_TV);
    }
}
