using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>Plain TorchSharp code as an operator: libtorch's autograd runs inside this one call, and nowhere else.</summary>
/// <remarks>
/// Backward runs the function a second time, on the saved inputs, and differentiates that. So it must be deterministic and read nothing but
/// its arguments; it pays with one more forward, and its intermediate tensors live for the length of the call only. Arguments that the
/// result does not depend on, and results that do not depend on any argument, are fine. The easy path for a first version, and the reference
/// for a hand-written one.
/// </remarks>
public sealed class Differentiable : Operator
{
    private readonly Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> function;

    /// <summary>Creates the operator.</summary>
    /// <param name="name">Its name in errors and ledgers: snake_case.</param>
    /// <param name="function">Maps the inputs, followed by the dense weights of <paramref name="parameters"/>, to new tensors. It must leave its arguments unchanged.</param>
    /// <param name="parameters">Weights that the function reads, rented for the call in their own dtype.</param>
    public Differentiable(string name, Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> function, params IReadOnlyList<Parameter> parameters)
        => (Name, this.function, Parameters) = (name, function, parameters);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var arguments = Enumerable.Range(0, context.InputCount).Select(i => context.Input(i).alias()).Concat(Parameters.Select(Copy)).ToArray();
        foreach (var output in function(arguments))
        {
            // A result may be an argument or a view of one; the tape's values own their storage.
            context.Emit(output.clone());
        }

        for (var i = 0; i < context.InputCount; i++)
        {
            context.SaveInput(i);
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var inputs = Enumerable.Range(0, context.InputCount).Select(i => Leaf(context.Input(i).alias(), context.NeedsGradient(i)));
        Tensor[] leaves = [.. inputs, .. Parameters.Select(p => Leaf(Copy(p), p.Trains))];
        Run(context, leaves);
        for (var i = 0; i < leaves.Length; i++)
        {
            if (!leaves[i].requires_grad || leaves[i].grad is not { } gradient)
            {
                continue;
            }

            if (i < context.InputCount)
            {
                context.Give(i, gradient);
            }
            else
            {
                Parameters[i - context.InputCount].AddGradient(gradient);
            }
        }
    }

    private void Run(BackwardContext context, Tensor[] leaves)
    {
        using var guard = enable_grad();
        var outputs = function(leaves);
        List<Tensor> roots = [], gradients = [];
        for (var i = 0; i < context.OutputCount; i++)
        {
            if (context.OutputGradient(i) is not { } gradient || !outputs[i].requires_grad)
            {
                continue;
            }

            // libtorch ends the process on a wrong gradient.
            if (!gradient.shape.SequenceEqual(outputs[i].shape))
            {
                throw new InvalidOperationException($"{Name}: output {i} had shape [{string.Join(", ", gradient.shape)}] in forward and "
                    + $"[{string.Join(", ", outputs[i].shape)}] in backward; the function must do the same both times.");
            }

            roots.Add(outputs[i]);
            gradients.Add(gradient.alias());
        }

        if (roots.Count > 0)
        {
            autograd.backward(roots, gradients);
        }

        GC.KeepAlive(outputs);
    }

    private static Tensor Copy(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor.clone();
    }

    private static Tensor Leaf(Tensor tensor, bool needsGradient) => tensor.detach().requires_grad_(needsGradient);
}

/// <summary>Runs plain TorchSharp code on a tape.</summary>
public static class DifferentiableExtensions
{
    /// <summary>Runs a function of tensors and differentiates it with libtorch's autograd; see <see cref="Differentiable"/>.</summary>
    /// <param name="tape">The tape to record on.</param>
    /// <param name="function">Maps the inputs to one new tensor; deterministic, and reading nothing but its arguments.</param>
    /// <param name="inputs">Values of the tape.</param>
    public static Value Differentiate(this Tape tape, Func<IReadOnlyList<Tensor>, Tensor> function, params ReadOnlySpan<Value> inputs)
        => tape.Apply(new Differentiable("differentiate", x => [function(x)]), inputs);
}
