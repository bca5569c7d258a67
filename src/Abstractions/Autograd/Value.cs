using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>A tensor that a tape knows: a constant, a differentiable input, or an operator's output.</summary>
/// <remarks>
/// Owned by its <see cref="Autograd.Tape"/>. The tensor lives while forward code may still use it (until it is donated, its segment ends,
/// or backward starts) or an operator saved it; it is freed at once afterwards. One thread.
/// </remarks>
public sealed class Value
{
    private Tensor? tensor;
    private Alias alias;
    private object? parked;
    private int savedBy;
    private bool forwardDone;

    internal Value(Tape tape, Tensor? tensor, ValueKind kind, bool ownsTensor)
    {
        (Tape, this.tensor, Kind, OwnsTensor) = (tape, tensor, kind, ownsTensor);
        alias = new Alias { IsForeign = !ownsTensor, Users = 1 };
    }

    /// <summary>The tensor. Read only: nothing may write to it except an operator that declares so.</summary>
    /// <exception cref="InvalidOperationException">The value was donated, its segment has ended or backward has run, and nothing holds it any more.</exception>
    public Tensor Tensor => tensor ?? Unpark() ?? Remake() ?? throw new InvalidOperationException(
        "This value's tensor is gone: it was donated to an operator, its segment has ended, or backward has run. Use the value before that, or return it from the segment.");

    /// <summary>Whether a gradient reaches this value in backward.</summary>
    public bool NeedsGradient => Kind is ValueKind.Input or ValueKind.Computed;

    /// <summary>Declares that the next operator that takes this value is the last to use it in forward, so that it can be freed early.</summary>
    /// <returns>The same value.</returns>
    public Value Donate()
    {
        IsDonated = true;
        return this;
    }

    /// <summary>The size of dimension <paramref name="dimension"/> (negative counts from the end). Known even where a replay left the tensor out.</summary>
    public long Size(int dimension) => KnownShape is { } shape ? shape[dimension < 0 ? dimension + shape.Length : dimension] : Tensor.size(dimension);

    /// <summary>
    /// Whether an operator that declares so in <see cref="Operator.Mutates"/> may overwrite the storage: the value is donated and the tape's own, no
    /// earlier operator saved that storage, and no other value that forward code may still use shares it.
    /// </summary>
    public bool IsExpendable => IsDonated && OwnsTensor && !forwardDone && alias is { IsForeign: false, Saved: 0, Users: 1 };

    internal long[]? KnownShape { get; init; }

    /// <summary>The tensor if it is at hand; unlike <see cref="Tensor"/> it never fetches a parked one.</summary>
    internal Tensor? Held => tensor;

    internal Tape Tape { get; }

    internal ValueKind Kind { get; }

    internal bool OwnsTensor { get; }

    internal bool IsDonated { get; private set; }

    /// <summary>The first run of a checkpointed segment that made the value, if one did.</summary>
    internal FirstRun? MadeIn { get; init; }

    /// <summary>The recorded operator that can make the tensor again, and as which output; null where it is kept instead.</summary>
    internal (Node Node, int Output)? MadeBy { get; set; }

    /// <summary>Whether the tensor came back from the store or was made again, as another tensor than the one saved.</summary>
    internal bool WasParked { get; private set; }

    /// <summary>Shared by values whose tensors share storage.</summary>
    internal Alias Alias
    {
        get => alias;
        set
        {
            alias.Users--;
            value.Users += forwardDone ? 0 : 1;
            alias = value;
        }
    }

    internal GradientSlot Gradient;

    internal void Hold()
    {
        savedBy++;
        Alias.Saved++;
    }

    /// <summary>Forward code is done with the value: free it unless it was saved, and then park it where it will not be read soon.</summary>
    internal void EndForward(bool park)
    {
        if (forwardDone || !OwnsTensor)
        {
            return;
        }

        forwardDone = true;
        alias.Users--;
        if (savedBy == 0)
        {
            Free();
        }
        else if (park && MadeBy is not null)
        {
            WasParked = true;
            tensor?.Dispose();
            tensor = null;
        }
        else if (park && tensor is not null && Tape.Store is { } store && store.Park(new SavedTensor { Tensor = tensor }) is { } handle)
        {
            (parked, WasParked) = (handle, true);
            tensor.Dispose();
            tensor = null;
        }
    }

    /// <summary>One saver is done with the value.</summary>
    internal void Release()
    {
        savedBy--;
        Alias.Saved--;
        if (savedBy == 0 && forwardDone)
        {
            Free();
        }
    }

    internal void Prefetch()
    {
        if (parked is not null)
        {
            Tape.Store!.Prefetch(parked);
        }
    }

    internal void Free()
    {
        if (parked is not null)
        {
            Tape.Store!.Release(parked);
            parked = null;
        }

        if (OwnsTensor)
        {
            tensor?.Dispose();
            tensor = null;
        }
    }

    private Tensor? Remake()
    {
        if (MadeBy is { } made && savedBy > 0)
        {
            tensor = made.Node.Operator.Recompute(new BackwardContext(made.Node), made.Output).DetachFromDisposeScope();
        }

        return tensor;
    }

    private Tensor? Unpark()
    {
        if (parked is not null)
        {
            tensor = Tape.Store!.Fetch(parked);
            tensor.DetachFromDisposeScope();
            parked = null;
        }

        return tensor;
    }
}

internal enum ValueKind : byte
{
    Constant,
    Input,
    Computed,
}

/// <summary>Counts the values that share one storage, saved ones and those in use, so that writing to storage that is still needed is noticed.</summary>
internal sealed class Alias
{
    public int Saved;

    /// <summary>Values that forward code may still use.</summary>
    public int Users;

    /// <summary>Whether the storage was declared from outside, so that no operator may write to it.</summary>
    public bool IsForeign { get; init; }
}
