namespace Neoteny.Autograd;

public sealed partial class Tape
{
    private FirstRun? firstRun;
    private Replay? replaying;

    /// <summary>Runs a part of the model (usually one decoder layer) under a name.</summary>
    /// <param name="path">The module path, such as <c>model.layers.3</c>.</param>
    /// <param name="body">Applies operators to its inputs and returns the values that code outside goes on with. With
    /// <paramref name="checkpoint"/> it runs twice and must do the same both times.</param>
    /// <param name="inputs">Every value of outside that the body uses.</param>
    /// <param name="checkpoint">Whether to keep only the inputs and to run the body again in backward.</param>
    /// <returns>The values the body returned. Everything else it made is freed as soon as backward does not need it.</returns>
    public Value[] Segment(string path, Func<Value[], Value[]> body, Value[] inputs, bool checkpoint = false)
    {
        CheckState(path);
        if (Array.FindIndex(inputs, v => v.Tape != this) is >= 0 and var foreign)
        {
            throw new InvalidOperationException($"{path}: input {foreign} was not made by this tape, so its gradient would be lost.");
        }

        if (firstRun is not null || replaying is not null)
        {
            return body(inputs);
        }

        return checkpoint && IsRecording ? RunCheckpointed(path, body, inputs) : RunPlain(path, body, inputs);
    }

    private Value[] RunPlain(string path, Func<Value[], Value[]> body, Value[] inputs)
    {
        Raise(path, SegmentPass.Forward, before: true);
        if (IsRecording)
        {
            entries.Add(new SegmentMark(path, IsEnd: false));
        }

        frames.Push([]);
        var outputs = body(inputs);
        EndFrame(outputs, park: true);
        if (IsRecording)
        {
            entries.Add(new SegmentMark(path, IsEnd: true));
        }

        Raise(path, SegmentPass.Forward, before: false);
        return outputs;
    }

    /// <summary>Ends forward for everything made in the innermost frame except the outputs, which move to the frame around it.</summary>
    private void EndFrame(Value[] outputs, bool park)
    {
        foreach (var value in frames.Pop())
        {
            if (Array.IndexOf(outputs, value) >= 0)
            {
                frames.Peek().Add(value);
            }
            else
            {
                value.EndForward(park);
            }
        }
    }

    private Value[] RunCheckpointed(string path, Func<Value[], Value[]> body, Value[] inputs)
    {
        Raise(path, SegmentPass.Forward, before: true);
        var run = new FirstRun { Path = path, Body = body, FirstCall = calls };
        var node = new Node { Operator = new ReplayOperator(this, run), Inputs = inputs, Random = default };
        node.SavedInputs.AddRange(Enumerable.Range(0, inputs.Length));
        node.HoldSaved();
        frames.Push([]);
        firstRun = run;
        var proxies = inputs.Select(Proxy).ToArray();
        try
        {
            var inner = body(proxies);
            run.Finish();
            node.Outputs = [.. inner.Select(Outer)];
        }
        catch
        {
            node.ReleaseSaved();
            throw;
        }
        finally
        {
            firstRun = null;
            EndFrame([], park: false);
        }

        frames.Peek().AddRange(node.Outputs);
        entries.Add(node);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].IsDonated || proxies[i].IsDonated)
            {
                inputs[i].EndForward(park: true);
            }
        }

        Raise(path, SegmentPass.Forward, before: false);
        return node.Outputs;
    }

    private Value Outer(Value inner)
        => new(this, inner.Tensor.alias().DetachFromDisposeScope(), inner.NeedsGradient ? ValueKind.Computed : ValueKind.Constant, ownsTensor: true) { Alias = inner.Alias };

    private Value Proxy(Value outer) => new(this, outer.Tensor, outer.NeedsGradient ? ValueKind.Input : ValueKind.Constant, ownsTensor: false)
    {
        Alias = outer.Alias,
        MadeIn = firstRun,
    };

    /// <summary>Runs a checkpointed segment again, this time recording, and then backward through it.</summary>
    internal void ReplayBackward(FirstRun run, Node outer)
    {
        var (outerEntries, outerCalls) = (entries, calls);
        (entries, calls, replaying) = ([], run.FirstCall, new Replay(run));
        frames.Push([]);
        var inputs = outer.Inputs.Select(Proxy).ToArray();
        try
        {
            Raise(run.Path, SegmentPass.Replay, before: true);
            var outputs = run.Body(inputs);
            replaying.End();
            replaying = null;
            EndFrame([], park: false);
            frames.Push([]);
            Raise(run.Path, SegmentPass.Replay, before: false);
            Raise(run.Path, SegmentPass.Backward, before: true);
            for (var i = 0; i < outputs.Length; i++)
            {
                if (outer.Outputs[i].Gradient.Tensor is { } gradient && outputs[i].NeedsGradient)
                {
                    outputs[i].Gradient.Add(gradient.alias(), isExclusive: false);
                }
            }

            RunBackward(entries);
            for (var i = 0; i < inputs.Length; i++)
            {
                var exclusive = inputs[i].Gradient.IsExclusive;
                if (inputs[i].Gradient.Take() is { } gradient)
                {
                    outer.Inputs[i].Gradient.Add(gradient, exclusive);
                }
            }

            Raise(run.Path, SegmentPass.Backward, before: false);
        }
        finally
        {
            DropLeftOvers();
            FreeAll(inputs);
            replaying = null;
            (entries, calls) = (outerEntries, outerCalls);
            EndFrame([], park: false);
            run.Release();
        }
    }

    /// <summary>After an exception in a replay: free what its nodes saved.</summary>
    private void DropLeftOvers()
    {
        foreach (var node in entries.OfType<Node>())
        {
            node.ReleaseSaved();
            FreeAll(node.Outputs);
        }
    }

    /// <summary>A replayed operator whose results exist already, or are not needed: record it without running it.</summary>
    private Value[] Skip(Node node, FirstRunRecord record)
    {
        var kind = record.NeedsGradient ? ValueKind.Computed : ValueKind.Constant;
        node.Outputs = [.. record.TakeOutputs().Select((t, i) =>
        {
            var value = new Value(this, t, kind, ownsTensor: true) { KnownShape = record.Shapes[i] };
            frames.Peek().Add(value);
            return value;
        })];
        node.ShareStorage();
        node.Adopt(record.Node);
        if (kind == ValueKind.Computed)
        {
            node.HoldSaved();
            entries.Add(node);
        }
        else
        {
            node.ReleaseSavedMarks();
        }

        EndDonated(node);
        return node.Outputs;
    }
}
