using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>What the first run of a checkpointed segment leaves for its replay.</summary>
internal sealed class FirstRun
{
    public required string Path { get; init; }

    public required Func<Value[], Value[]> Body { get; init; }

    /// <summary>The tape's call counter at the start, so that a replay draws the same random keys.</summary>
    public required ulong FirstCall { get; init; }

    public List<FirstRunRecord> Records { get; } = [];

    public void Add(Node node, bool keep) => Records.Add(new FirstRunRecord(node, keep));

    /// <summary>Decides which operators the replay must run: those whose outputs or further tensors backward reads, and what feeds these.</summary>
    public void Finish()
    {
        var wanted = new HashSet<Value>(ReferenceEqualityComparer.Instance);
        for (var i = Records.Count - 1; i >= 0; i--)
        {
            var record = Records[i];
            var runs = !record.IsKept && (record.HasOwnResults || record.Node.Outputs.Any(wanted.Contains));
            record.IsSkipped = !runs;
            foreach (var saved in record.SavedInputs.Concat(runs ? Enumerable.Range(0, record.Node.Inputs.Length) : []))
            {
                wanted.Add(record.Node.Inputs[saved]);
            }
        }

        foreach (var record in Records)
        {
            record.Forget();
        }
    }

    public void Release()
    {
        foreach (var record in Records)
        {
            record.Release();
        }

        Records.Clear();
    }
}

/// <summary>One operator of a first run.</summary>
internal sealed class FirstRunRecord
{
    private readonly List<Alias> held;
    private Tensor?[] outputs;

    public FirstRunRecord(Node node, bool keep)
    {
        (Node, IsKept) = (node, keep);
        SavedInputs = [.. node.SavedInputs];
        HasOwnResults = node.Extras.Count > 0 || node.SavedOutputs.Count > 0;
        Shapes = [.. node.Outputs.Select(o => o.Tensor.shape)];
        NeedsGradient = node.Outputs.Length > 0 && node.Outputs[0].NeedsGradient;
        held = [.. node.SavedValues.Concat(keep ? node.Outputs : []).Select(static v => v.Alias)];
        held.ForEach(static a => a.Saved++);
        outputs = keep ? [.. node.Outputs.Select(o => o.Tensor.alias().DetachFromDisposeScope())] : new Tensor?[node.Outputs.Length];
        if (!keep)
        {
            foreach (var extra in node.Extras)
            {
                extra.Dispose();
            }

            node.Extras.Clear();
        }
    }

    /// <summary>The node of the first run: its state, and for kept operators its further tensors.</summary>
    public Node Node { get; private set; }

    public bool IsKept { get; }

    public bool IsSkipped { get; set; }

    public bool NeedsGradient { get; }

    public int[] SavedInputs { get; }

    public bool HasOwnResults { get; }

    public long[][] Shapes { get; }

    public Tensor?[] TakeOutputs()
    {
        var taken = outputs;
        outputs = [];
        return taken;
    }

    /// <summary>Drops the references to the first run's values, which end with it.</summary>
    public void Forget()
    {
        Node = Node.WithoutValues();
        if (!IsKept)
        {
            Unhold();
        }
    }

    public void Release()
    {
        Unhold();
        foreach (var tensor in outputs)
        {
            tensor?.Dispose();
        }

        Node.ReleaseExtras();
    }

    private void Unhold()
    {
        held.ForEach(static a => a.Saved--);
        held.Clear();
    }
}

/// <summary>Walks through the records of a first run while its body runs again.</summary>
internal sealed class Replay(FirstRun run)
{
    private int next;

    public FirstRunRecord Take(Operator @operator)
    {
        if (next == run.Records.Count)
        {
            throw new InvalidOperationException($"Segment {run.Path} applied {@operator.Name} when it ran again, but had ended there the first time; its body must be deterministic.");
        }

        var record = run.Records[next++];
        return record.Node.Operator.Name == @operator.Name ? record : throw new InvalidOperationException(
            $"Segment {run.Path} applied {@operator.Name} when it ran again where it had applied {record.Node.Operator.Name} the first time; its body must be deterministic.");
    }

    public void End()
    {
        if (next < run.Records.Count)
        {
            throw new InvalidOperationException(
                $"Segment {run.Path} ended when it ran again where it had applied {run.Records[next].Node.Operator.Name} the first time; its body must be deterministic.");
        }
    }
}

/// <summary>Stands on the tape for a checkpointed segment.</summary>
internal sealed class ReplayOperator(Tape tape, FirstRun run) : Operator
{
    public override string Name => "segment";

    public override void Forward(ForwardContext context) => throw new InvalidOperationException("A segment is run by its tape.");

    public override void Backward(BackwardContext context) => tape.ReplayBackward(run, context.Node);

    /// <summary>The operators of the segment that a replay has not counted down, because there was none.</summary>
    public IEnumerable<Operator> Unreplayed => run.Records.Select(static r => r.Node.Operator);

    /// <summary>Drops what the first run kept.</summary>
    public void Release() => run.Release();
}
