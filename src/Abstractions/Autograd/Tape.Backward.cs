using static TorchSharp.torch;

namespace Neoteny.Autograd;

public sealed partial class Tape
{
    /// <summary>Runs backward from all roots added with <see cref="AddLoss"/>. Once per tape.</summary>
    /// <exception cref="InvalidOperationException">The tape does not record, or has run backward already, or a saved tensor was changed.</exception>
    public void Backward()
    {
        CheckState("Backward");
        if (!IsRecording)
        {
            throw new InvalidOperationException("This tape does not record: create it with Recording = true to run backward.");
        }

        foreach (var value in frames.Peek())
        {
            value.EndForward(park: false);
        }

        frames.Peek().Clear();
        hasRunBackward = true;
        RunBackward(entries);
    }

    private void RunBackward(List<object> recorded)
    {
        for (var i = recorded.Count - 1; i >= 0; i--)
        {
            switch (recorded[i])
            {
                case Node { Operator: ReplayOperator } node:
                    Prefetch(recorded, i - 1);
                    RunBackward(node);
                    break;
                case Node node:
                    RunBackward(node);
                    break;
                case SegmentMark { IsEnd: true } mark:
                    Prefetch(recorded, recorded.FindLastIndex(i, e => e is SegmentMark { IsEnd: false }) - 1);
                    Raise(mark.Path, SegmentPass.Backward, before: true);
                    break;
                case SegmentMark mark:
                    Raise(mark.Path, SegmentPass.Backward, before: false);
                    break;
            }

            recorded.RemoveAt(i);
        }
    }

    private void RunBackward(Node node)
    {
        if (node.Outputs.Any(o => o.Gradient.Tensor is not null))
        {
            CheckVersions(node);
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            var profiler = node.Operator is ReplayOperator ? null : options.Profiler;
            profiler?.Before(node.Operator, isBackward: true);
            node.Operator.Backward(new BackwardContext(node));
            profiler?.After(node.Operator, isBackward: true);
        }

        var uncounted = node.Operator is ReplayOperator segment ? segment.Unreplayed.ToArray() : [node.Operator];
        node.ReleaseSaved();
        foreach (var output in node.Outputs)
        {
            output.Gradient.Clear();
        }

        Array.ForEach(uncounted, CountDown);
    }

    private void CountDown(Operator @operator)
    {
        foreach (var parameter in @operator.Parameters)
        {
            if (parameter.Trains && uses.TryGetValue(parameter, out var left))
            {
                uses[parameter] = left - 1;
                if (left == 1)
                {
                    options.GradientCompleted?.Invoke(parameter);
                }
            }
        }
    }

    private void CheckVersions(Node node)
    {
        if (node.SavedVersions is not { } versions)
        {
            return;
        }

        foreach (var (value, version) in node.SavedValues.Zip(versions))
        {
            if (!value.WasParked && options.VersionOf!(value.Tensor) != version)
            {
                throw new InvalidOperationException($"{node.Operator.Name}: a tensor [{string.Join(", ", value.Tensor.shape)}] that it saved was changed in "
                    + "place before backward. The operator that wrote to it must declare so in Mutates.");
            }
        }
    }

    /// <summary>Asks the store for what the segment that ends at <paramref name="last"/> has parked, and the operators between it and the one after it.</summary>
    private void Prefetch(List<object> recorded, int last)
    {
        for (var i = last; i >= 0 && Store is not null && recorded[i] is not SegmentMark { IsEnd: false }; i--)
        {
            if (recorded[i] is not Node node)
            {
                continue;
            }

            foreach (var value in node.SavedValues)
            {
                value.Prefetch();
            }

            if (node.Operator is ReplayOperator)
            {
                return;
            }
        }
    }

    private void Raise(string path, SegmentPass pass, bool before)
    {
        var observers = options.Observers;
        if (observers.Count == 0)
        {
            return;
        }

        var segment = new SegmentEvent { Path = path, Pass = pass };
        for (var i = 0; i < observers.Count; i++)
        {
            if (before)
            {
                observers[i].Before(segment);
            }
            else
            {
                observers[observers.Count - 1 - i].After(segment);
            }
        }
    }
}

/// <summary>Where a segment's nodes begin or end on the tape.</summary>
internal sealed record SegmentMark(string Path, bool IsEnd);
