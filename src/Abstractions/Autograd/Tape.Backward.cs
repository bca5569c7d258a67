using static TorchSharp.torch;

namespace Neoteny.Autograd;

public sealed partial class Tape
{
    /// <summary>Runs backward from all roots added with <see cref="AddLoss"/>. Once per tape.</summary>
    /// <exception cref="InvalidOperationException">The tape does not record, or has run backward already, or a saved tensor was changed.</exception>
    public void Backward()
    {
        ObjectDisposedException.ThrowIf(done, this);
        if (!IsRecording)
        {
            throw new InvalidOperationException("This tape does not record: create it with Recording = true to run backward.");
        }

        foreach (var value in frames.Peek())
        {
            value.EndForward();
        }

        frames.Peek().Clear();
        RunBackward(entries);
        done = true;
    }

    private void RunBackward(List<object> recorded)
    {
        for (var i = recorded.Count - 1; i >= 0; i--)
        {
            switch (recorded[i])
            {
                case Node node:
                    RunBackward(node);
                    break;
                case SegmentMark { IsEnd: true } mark:
                    Prefetch(recorded, i);
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
            node.Operator.Backward(new BackwardContext(node));
        }

        node.ReleaseSaved();
        foreach (var output in node.Outputs)
        {
            output.Gradient.Clear();
        }

        foreach (var parameter in node.Operator.Parameters)
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
            if (options.VersionOf!(value.Tensor) != version)
            {
                throw new InvalidOperationException($"{node.Operator.Name}: a tensor [{string.Join(", ", value.Tensor.shape)}] that it saved was changed in "
                    + "place before backward. The operator that wrote to it must declare so in Mutates.");
            }
        }
    }

    /// <summary>Asks the store for what the segment before the one about to run backward has parked.</summary>
    private void Prefetch(List<object> recorded, int end)
    {
        if (Store is null)
        {
            return;
        }

        var start = recorded.FindLastIndex(end, e => e is SegmentMark { IsEnd: false });
        for (var i = start - 1; i >= 0 && recorded[i] is not SegmentMark { IsEnd: false }; i--)
        {
            foreach (var value in recorded[i] is Node node ? node.SavedValues : [])
            {
                value.Prefetch();
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
