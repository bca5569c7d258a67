using static TorchSharp.torch;

namespace Neoteny.Parameters;

/// <summary>A tensor of the checkpoint that a parameter holds: all of it, or for stacked weights a slice of it.</summary>
/// <remarks>Weights and gradients are read and written through it under the checkpoint's names, so that files keep their layout whatever the model stacks.</remarks>
public sealed class ParameterPart
{
    private readonly Func<Tensor, Tensor> view;

    /// <summary>Describes a part.</summary>
    /// <param name="name">Its name in the checkpoint.</param>
    /// <param name="shape">Its shape in the checkpoint.</param>
    /// <param name="view">Maps a tensor in the parameter's shape to a view of this part, whose elements come in the checkpoint's order; it may have more dimensions than the part.</param>
    public ParameterPart(string name, IReadOnlyList<long> shape, Func<Tensor, Tensor> view) => (Name, Shape, this.view) = (name, shape, view);

    /// <summary>The name in the checkpoint.</summary>
    public string Name { get; }

    /// <summary>The shape in the checkpoint.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Whether it is the whole parameter as it is.</summary>
    public bool IsWhole { get; init; }

    /// <summary>This part of a tensor in the parameter's shape (the weight, a gradient, a moment), as the checkpoint lays it out: a view where it can be, else a copy.</summary>
    public Tensor Of(Tensor whole)
    {
        using var scope = NewDisposeScope();
        return view(whole).reshape([.. Shape]).MoveToOuterDisposeScope();
    }

    /// <summary>Writes this part into a tensor in the parameter's shape.</summary>
    /// <param name="whole">The tensor to fill.</param>
    /// <param name="part">The part in the checkpoint's shape; borrowed.</param>
    public void Write(Tensor whole, Tensor part)
    {
        using var scope = NewDisposeScope();
        var target = view(whole);
        target.copy_(part.reshape(target.shape));
    }
}
