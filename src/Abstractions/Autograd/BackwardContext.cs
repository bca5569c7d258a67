using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>One run of an operator's backward.</summary>
public sealed class BackwardContext
{
    private readonly Node node;

    internal BackwardContext(Node node) => this.node = node;

    internal Node Node => node;

    /// <summary>The gradient of output <paramref name="index"/>, in that output's shape; null when nothing used that output. Borrowed, read only.</summary>
    public Tensor? OutputGradient(int index) => node.Outputs[index].Gradient.Tensor;

    /// <summary>The gradient of the only output that matters.</summary>
    /// <exception cref="InvalidOperationException">Output 0 received no gradient.</exception>
    public Tensor Gradient => OutputGradient(0) ?? throw new InvalidOperationException($"{node.Operator.Name}: output 0 received no gradient.");

    /// <summary>A saved input; borrowed.</summary>
    public Tensor Input(int index) => node.SavedInputs.Contains(index) ? node.Inputs[index].Tensor : throw NotSaved("input", index);

    /// <summary>A saved output; borrowed.</summary>
    public Tensor Output(int index) => node.SavedOutputs.Contains(index) ? node.Outputs[index].Tensor : throw NotSaved("output", index);

    /// <summary>A further saved tensor, in the order of the calls of <see cref="ForwardContext.Save"/>; borrowed.</summary>
    public Tensor Extra(int index) => node.Extras[index];

    /// <summary>The number of inputs.</summary>
    public int InputCount => node.Inputs.Length;

    /// <summary>The number of outputs.</summary>
    public int OutputCount => node.Outputs.Length;

    /// <summary>How many further tensors were saved.</summary>
    public int ExtraCount => node.Extras.Count;

    /// <summary>What forward left in <see cref="ForwardContext.State"/>.</summary>
    public object? State => node.State;

    /// <summary>The key that forward had.</summary>
    public ulong RandomKey => node.Random.Key;

    /// <summary>The source that forward had.</summary>
    public RandomSource Random => node.Random;

    /// <summary>Whether input <paramref name="index"/> wants a gradient.</summary>
    public bool NeedsGradient(int index) => node.Inputs[index].NeedsGradient;

    /// <summary>Gives the gradient of input <paramref name="index"/>: a fresh tensor in that input's shape whose ownership is handed over.</summary>
    public void Give(int index, Tensor gradient)
    {
        if (node.Inputs[index].NeedsGradient)
        {
            node.Inputs[index].Gradient.Add(gradient, isExclusive: true);
        }
    }

    /// <summary>Gives one fresh tensor, whose ownership is handed over, as the gradient of several inputs of its shape.</summary>
    /// <param name="gradient">The gradient.</param>
    /// <param name="indices">The inputs.</param>
    public void GiveShared(Tensor gradient, params ReadOnlySpan<int> indices)
    {
        foreach (var index in indices)
        {
            if (node.Inputs[index].NeedsGradient)
            {
                node.Inputs[index].Gradient.Add(gradient.alias(), isExclusive: false);
            }
        }
    }

    /// <summary>
    /// Whether backward may write into the saved input <paramref name="index"/> and give it, or an alias of it, as a gradient: nobody else needs that
    /// storage any more. Inputs that share one storage allow it together where this operator alone saved them.
    /// </summary>
    public bool MayOverwriteInput(int index)
    {
        var value = node.Inputs[index];
        return value.OwnsTensor && value.Alias is { IsForeign: false, Users: 0 } alias && alias.Saved == node.SavedValues.Count(v => v.Alias == alias);
    }

    /// <summary>Whether backward may write into the gradient of output <paramref name="index"/> and give it, or an alias of it, as a gradient: it belongs to that output alone.</summary>
    public bool MayOverwriteGradient(int index) => node.Outputs[index].Gradient is { Tensor: not null, IsExclusive: true };

    /// <summary>Gives the product of two matrices as the gradient of input <paramref name="index"/>, added in place to what other operators gave where possible.</summary>
    /// <param name="index">The input, a matrix.</param>
    /// <param name="left">Left factor; borrowed.</param>
    /// <param name="right">Right factor; borrowed.</param>
    public void GiveProduct(int index, Tensor left, Tensor right)
    {
        if (node.Inputs[index].NeedsGradient)
        {
            node.Inputs[index].Gradient.AddProduct(left, right);
        }
    }

    /// <summary>What other operators gave input <paramref name="index"/> so far; null for nothing. Borrowed, read only: for kernels that add on the way, see <see cref="GiveTotal"/>.</summary>
    public Tensor? Gathered(int index) => node.Inputs[index].Gradient.Tensor;

    /// <summary>Gives a gradient that <see cref="Gathered"/> was added to: it takes the place of all that was given.</summary>
    public void GiveTotal(int index, Tensor total)
    {
        if (node.Inputs[index].NeedsGradient)
        {
            node.Inputs[index].Gradient.Clear();
            node.Inputs[index].Gradient.Add(total, isExclusive: true);
        }
    }

    /// <summary>Passes the gradient of output <paramref name="output"/> on to input <paramref name="index"/> as it is.</summary>
    public void Pass(int index, int output = 0)
    {
        if (OutputGradient(output) is { } gradient)
        {
            Pass(index, output, gradient.alias());
        }
    }

    /// <summary>Passes a view of the gradient of output <paramref name="output"/> on to input <paramref name="index"/>.</summary>
    public void Pass(int index, int output, Tensor view)
    {
        if (!node.Inputs[index].NeedsGradient)
        {
            return;
        }

        // The first to take it owns the storage once the output's own slot is cleared; from the second on nobody does.
        ref var source = ref node.Outputs[output].Gradient;
        node.Inputs[index].Gradient.Add(view, isExclusive: false);
        source.Share();
    }

    private InvalidOperationException NotSaved(string what, int index)
        => new($"{node.Operator.Name}: {what} {index} is read in backward but forward did not save it.");
}
