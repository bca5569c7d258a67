using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>A differentiable operator with a hand-written backward, run by the tape.</summary>
/// <remarks>
/// <para>An instance holds what is fixed for its site (parameters, sizes); everything about one call lives in the contexts, since the tape may
/// run forward again (checkpointing), skip it, or run backward much later. Instances may be applied any number of times.</para>
/// <para>The host runs both methods on the compute thread, inside a dispose scope and <c>no_grad</c>: temporaries need no disposal, what is
/// emitted, saved or given is kept. Weights are rented inside the call and never saved. Both may throw; the step then ends with the error
/// and nothing leaks.</para>
/// </remarks>
public abstract class Operator
{
    /// <summary>A short name for errors, ledgers and selective checkpointing: snake_case.</summary>
    public abstract string Name { get; }

    /// <summary>The parameters that <see cref="Forward"/> rents. Their uses are counted, so that a completed gradient can be announced.</summary>
    public virtual IReadOnlyList<Parameter> Parameters => [];

    /// <summary>Indices of inputs whose storage forward overwrites. An error when somebody saved that storage.</summary>
    public virtual IReadOnlyList<int> Mutates => [];

    /// <summary>The index of the input whose storage an output shares, or -1.</summary>
    public virtual int SharesStorage(int output) => -1;

    /// <summary>Computes the outputs and marks what backward needs.</summary>
    public abstract void Forward(ForwardContext context);

    /// <summary>Computes an output again in backward, for outputs that forward marked with <see cref="ForwardContext.RecomputeOutput"/>.</summary>
    /// <param name="context">Gives what forward saved; there are no gradients yet.</param>
    /// <param name="output">Which output.</param>
    /// <returns>The same numbers as forward's; ownership is handed over.</returns>
    public virtual Tensor Recompute(BackwardContext context, int output)
        => throw new InvalidOperationException($"{Name} marked output {output} to be computed again, but does not say how.");

    /// <summary>Turns the gradients of the outputs into gradients of the inputs and of the parameters.</summary>
    public abstract void Backward(BackwardContext context);
}
