using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>Runs operators and records them for one backward pass.</summary>
/// <remarks>
/// Reverse-mode differentiation with hand-written operators: the tape runs each operator (so that a checkpointed segment can be replayed,
/// kept results skipped, and saved tensors parked elsewhere), holds every tensor in use, and frees each the moment nothing needs it.
/// One tape serves one micro-batch on one thread. Disposing frees all that is left, after an exception too.
/// </remarks>
public sealed partial class Tape : IDisposable
{
    private readonly TapeOptions options;
    private readonly int thread = Environment.CurrentManagedThreadId;
    private readonly Stack<List<Value>> frames = new([[]]);
    private readonly List<Value> leaves = [];
    private readonly List<IDisposable> kept = [];
    private readonly Dictionary<Parameter, int> uses = [];
    private List<object> entries = [];
    private ulong calls;
    private bool hasRunBackward;
    private bool isDisposed;

    /// <summary>Creates a tape; <paramref name="options"/> null records with defaults.</summary>
    public Tape(TapeOptions? options = null) => this.options = options ?? new TapeOptions();

    /// <summary>Whether backward may follow.</summary>
    public bool IsRecording => options.Recording;

    internal ISavedTensors? Store => options.Store;

    /// <summary>Declares a tensor that needs no gradient. Borrowed: it must outlive the tape.</summary>
    public Value Constant(Tensor tensor) => new(this, tensor, ValueKind.Constant, ownsTensor: false) { MadeIn = firstRun };

    /// <summary>Declares a tensor whose gradient is wanted (see <see cref="GradientOf"/>). Borrowed: it must outlive the tape.</summary>
    public Value Input(Tensor tensor)
    {
        var value = new Value(this, tensor, ValueKind.Input, ownsTensor: false) { MadeIn = firstRun };
        leaves.Add(value);
        return value;
    }

    /// <summary>Runs an operator with one output.</summary>
    public Value Apply(Operator @operator, params ReadOnlySpan<Value> inputs) => ApplyMany(@operator, inputs)[0];

    /// <summary>Runs an operator.</summary>
    /// <returns>Its outputs, owned by the tape.</returns>
    /// <exception cref="InvalidOperationException">An input belongs to another tape, or the operator would overwrite saved storage.</exception>
    public Value[] ApplyMany(Operator @operator, params ReadOnlySpan<Value> inputs)
    {
        Check(@operator, inputs);
        var node = new Node { Operator = @operator, Inputs = inputs.ToArray(), Random = new RandomSource(options.Seed, options.SeedPlace, ++calls) };
        var record = replaying?.Take(@operator);
        if (record is { IsSkipped: true })
        {
            return Skip(node, record);
        }

        if (replaying is null)
        {
            CountUses(@operator);
        }

        var context = new ForwardContext(node, IsRecording);
        try
        {
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            options.Profiler?.Before(@operator, isBackward: false);
            @operator.Forward(context);
            options.Profiler?.After(@operator, isBackward: false);
        }
        catch
        {
            foreach (var tensor in context.Outputs.Concat(node.Extras))
            {
                tensor.Dispose();
            }

            throw;
        }

        var kind = IsRecording && (node.Inputs.Any(i => i.NeedsGradient) || @operator.Parameters.Any(p => p.Trains)) ? ValueKind.Computed : ValueKind.Constant;
        node.Outputs = [.. context.Outputs.Select(t => Own(t, kind))];
        HasDrawnRandomKeys |= context.HasDrawnRandomKey;
        HasDrawn |= context.HasDrawn;
        node.ShareStorage(context.Borrowed);
        Record(node, kind);
        EndDonated(node);
        return node.Outputs;
    }

    /// <summary>Adds a root: backward starts from every value given here.</summary>
    /// <param name="value">A recorded value.</param>
    /// <param name="gradient">Its gradient, same shape; null for ones. Borrowed.</param>
    /// <exception cref="InvalidOperationException">The value belongs to another tape, or a checkpointed segment is running.</exception>
    /// <exception cref="ArgumentException">The gradient has another shape than the value.</exception>
    public void AddLoss(Value value, Tensor? gradient = null)
    {
        CheckState("AddLoss");
        if (value.Tape != this)
        {
            throw new InvalidOperationException("AddLoss: the loss must be a value of this tape.");
        }

        if (firstRun is not null)
        {
            throw new InvalidOperationException($"AddLoss: segment {firstRun.Path} is checkpointed and would add its loss twice. Return the value from the segment and add it there.");
        }

        if (gradient is not null && !gradient.shape.SequenceEqual(value.Tensor.shape))
        {
            throw new ArgumentException($"AddLoss: the gradient has shape [{string.Join(", ", gradient.shape)}], the value [{string.Join(", ", value.Tensor.shape)}].");
        }

        if (value.NeedsGradient)
        {
            value.Gradient.Add(gradient?.alias() ?? ones_like(value.Tensor), isExclusive: gradient is null);
        }
    }

    /// <summary>The gradient that backward left for an <see cref="Input"/>; null when none reached it. Owned by the tape.</summary>
    public Tensor? GradientOf(Value input) => input.Gradient.Tensor;

    /// <summary>Ties something that backward reads outside of operators' saved tensors to the tape's life: it is disposed with the tape.</summary>
    public T Keep<T>(T disposable)
        where T : IDisposable
    {
        kept.Add(disposable);
        return disposable;
    }

    /// <summary>Frees everything the tape still holds.</summary>
    public void Dispose()
    {
        foreach (var node in entries.OfType<Node>())
        {
            node.ReleaseSaved();
            FreeAll(node.Outputs);
            FreeAll(node.Inputs);
        }

        entries.Clear();
        foreach (var frame in frames)
        {
            FreeAll(frame);
        }

        FreeAll(leaves);
        kept.ForEach(static k => k.Dispose());
        kept.Clear();
        frames.Clear();
        uses.Clear();
        isDisposed = true;
    }

    private static void FreeAll(IEnumerable<Value> values)
    {
        foreach (var value in values)
        {
            value.Gradient.Clear();
            value.Free();
        }
    }

    private Value Own(Tensor tensor, ValueKind kind)
    {
        var value = new Value(this, tensor, kind, ownsTensor: true) { MadeIn = firstRun };
        frames.Peek().Add(value);
        return value;
    }

    private void Record(Node node, ValueKind kind)
    {
        if (firstRun is not null)
        {
            firstRun.Add(node, options.Keep.Contains(node.Operator.Name));
        }
        else if (kind == ValueKind.Computed)
        {
            node.HoldSaved();
            for (var i = 0; node.CheapOutputs >> i != 0; i++)
            {
                if (((node.CheapOutputs >> i) & 1) != 0)
                    node.Outputs[i].MadeBy = (node, i);
            }

            node.SavedVersions = options.VersionOf is { } version ? [.. node.SavedValues.Select(v => version(v.Tensor))] : null;
            entries.Add(node);
        }
        else
        {
            node.ReleaseSavedMarks();
        }
    }

    private void EndDonated(Node node)
    {
        foreach (var input in node.Inputs)
        {
            if (input.IsDonated)
            {
                input.EndForward(park: replaying is null);
            }
        }
    }

    private void CountUses(Operator @operator)
    {
        foreach (var parameter in @operator.Parameters)
        {
            if (IsRecording && parameter.Trains)
            {
                uses[parameter] = uses.GetValueOrDefault(parameter) + 1;
            }
        }
    }

    private void Check(Operator @operator, ReadOnlySpan<Value> inputs)
    {
        CheckState(@operator.Name);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].Tape != this)
            {
                throw new InvalidOperationException($"{@operator.Name}: input {i} was not made by this tape, so its gradient would be lost. "
                    + "Apply the operator that made it on this tape, or declare it with Constant or Input.");
            }

            if (firstRun is not null && inputs[i].MadeIn != firstRun && (inputs[i].Kind != ValueKind.Constant || inputs[i].OwnsTensor))
            {
                throw new InvalidOperationException($"{@operator.Name}: input {i} comes from outside of the checkpointed segment {firstRun.Path}, which could not "
                    + "find it when it runs again. Pass it to Segment as an input.");
            }
        }

        foreach (var i in @operator.Mutates)
        {
            if (inputs[i].Alias.Saved > 0 || inputs[i].Alias.IsForeign)
            {
                throw new InvalidOperationException($"{@operator.Name}: would overwrite input {i} [{string.Join(", ", inputs[i].Tensor.shape)}], "
                    + "which is not the tape's own or which an earlier operator saved for backward.");
            }
        }
    }

    private void CheckState(string what)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (Environment.CurrentManagedThreadId != thread)
        {
            throw new InvalidOperationException($"{what}: a tape runs on the thread that made it.");
        }

        if (hasRunBackward && replaying is null)
        {
            throw new InvalidOperationException($"{what}: this tape has run backward already. A tape serves one forward and one backward pass; record the next on a new one.");
        }
    }
}
