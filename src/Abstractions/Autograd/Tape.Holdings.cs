using static TorchSharp.torch;

namespace Neoteny.Autograd;

public sealed partial class Tape
{
    /// <summary>The tensors that the tape holds now: saved for backward, in use by forward, or gradients on their way.</summary>
    /// <remarks>For reports on memory. Each tensor is listed once, with the segment and the operator that made or saved it; several may share memory.</remarks>
    public IReadOnlyList<TapeHolding> Holdings()
    {
        var found = new List<TapeHolding>();
        var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var path = new Stack<string>();
        foreach (var entry in entries)
        {
            if (entry is SegmentMark { IsEnd: false } begin)
                path.Push(begin.Path);
            else if (entry is SegmentMark)
                path.TryPop(out _);
            else if (entry is Node node)
                AddNode(node, path.TryPeek(out var segment) ? segment : "");
        }

        foreach (var value in frames.SelectMany(f => f))
            Add(value.Held, "", "forward");
        return found;

        void AddNode(Node node, string segment)
        {
            var name = node.Operator.Name;
            foreach (var value in node.SavedValues.Concat(node.Operator is ReplayOperator ? node.Inputs : []))
                Add(value.Held, segment, name);
            foreach (var extra in node.Extras)
                Add(extra, segment, name);
            foreach (var output in node.Outputs)
                Add(output.Gradient.Tensor, segment, name + " (gradient)");
        }

        void Add(Tensor? tensor, string segment, string name)
        {
            if (tensor is not null && !tensor.IsInvalid && seen.Add(tensor))
                found.Add(new TapeHolding(segment, name, tensor));
        }
    }
}

/// <summary>One tensor that a tape holds.</summary>
/// <param name="Segment">The innermost segment it belongs to, such as <c>model.layers.3</c>; empty outside of all.</param>
/// <param name="Operator">The operator that saved it.</param>
/// <param name="Tensor">The tensor; borrowed, valid until the tape goes on.</param>
public sealed record TapeHolding(string Segment, string Operator, Tensor Tensor);
