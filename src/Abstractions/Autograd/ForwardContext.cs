using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>One run of an operator's forward.</summary>
public sealed class ForwardContext
{
    private readonly Node node;
    private readonly List<Tensor> outputs = [];

    internal ForwardContext(Node node, bool recording) => (this.node, IsRecording) = (node, recording);

    /// <summary>The number of inputs.</summary>
    public int InputCount => node.Inputs.Length;

    /// <summary>Input <paramref name="index"/>; borrowed, read only unless declared in <see cref="Operator.Mutates"/>.</summary>
    public Tensor Input(int index) => node.Inputs[index].Tensor;

    /// <summary>Whether a gradient will be wanted for input <paramref name="index"/>.</summary>
    public bool NeedsGradient(int index) => IsRecording && node.Inputs[index].NeedsGradient;

    /// <summary>Whether backward may follow. Without it the save methods do nothing.</summary>
    public bool IsRecording { get; }

    /// <summary>A key for counter-based random numbers: the same in a replay, different for every call, step and micro-batch.</summary>
    /// <remarks>Work with it cannot be captured, since it is a number of the host: see <see cref="Random"/>.</remarks>
    public ulong RandomKey
    {
        get
        {
            HasDrawnRandomKey = true;
            return node.Random.Key;
        }
    }

    /// <summary>The same as <see cref="RandomKey"/>, for work that can be captured as well.</summary>
    public RandomSource Random
    {
        get
        {
            HasDrawn = true;
            return node.Random;
        }
    }

    /// <summary>Anything but tensors that backward needs; kept over replays.</summary>
    public object? State
    {
        get => node.State;
        set => node.State = value;
    }

    /// <summary>Adds the next output and hands its ownership over.</summary>
    public void Emit(Tensor output) => outputs.Add(output.DetachFromDisposeScope());

    /// <summary>Adds the next output, whose storage somebody else keeps and writes again in a later step: no operator may overwrite it. The handle is handed over.</summary>
    internal void EmitBorrowed(Tensor output)
    {
        Borrowed |= 1UL << outputs.Count;
        Emit(output);
    }

    /// <summary>Backward will read input <paramref name="index"/>.</summary>
    public void SaveInput(int index)
    {
        if (IsRecording)
        {
            node.SavedInputs.Add(index);
        }
    }

    /// <summary>Backward will read output <paramref name="index"/>.</summary>
    public void SaveOutput(int index)
    {
        if (IsRecording)
        {
            node.SavedOutputs.Add(index);
        }
    }

    /// <summary>Backward will read this further tensor, as <see cref="BackwardContext.Extra"/> in the order of the calls. Ownership is handed over.</summary>
    public void Save(Tensor extra)
    {
        if (IsRecording)
        {
            node.Extras.Add(extra.DetachFromDisposeScope());
        }
    }

    /// <summary>
    /// Output <paramref name="index"/> is cheap: where later operators save it, it is dropped after forward and made again by
    /// <see cref="Operator.Recompute"/> when the first of them reads it in backward.
    /// </summary>
    public void RecomputeOutput(int index)
    {
        if (IsRecording)
        {
            node.CheapOutputs |= 1u << index;
        }
    }

    internal IReadOnlyList<Tensor> Outputs => outputs;

    /// <summary>Outputs whose storage is somebody else's, one bit each.</summary>
    internal ulong Borrowed { get; private set; }

    internal bool HasDrawnRandomKey { get; private set; }

    internal bool HasDrawn { get; private set; }
}
