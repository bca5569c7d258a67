using Neoteny.Attention;

namespace Neoteny.Autograd;

/// <summary>A part of a model that does the same work for all inputs of one size, so that the work can be captured once and run again (CUDA graphs).</summary>
/// <remarks>
/// It depends on nothing but its call and the parameters that its operators rent: no numbers of the host that change from step to step. One object serves all calls of one place in a model.
/// </remarks>
/// <param name="path">Where it is, such as <c>model.layers.3</c>.</param>
/// <param name="body">Applies operators, on the tape that it is given, which may be another one than the caller's, and returns the values that code outside goes on with.</param>
/// <param name="parts">What the body calls at the moment, by which a change is noticed; null where it must not be captured.</param>
public sealed class Region(string path, Func<Tape, RegionCall, Value[]> body, Func<IReadOnlyList<object>?> parts)
{
    /// <summary>Where it is in the model.</summary>
    public string Path => path;

    /// <summary>What it does.</summary>
    public Func<Tape, RegionCall, Value[]> Body => body;

    /// <summary>What the body calls at the moment; null where it must not be captured.</summary>
    public Func<IReadOnlyList<object>?> Parts => parts;
}

/// <summary>What a region is run on.</summary>
/// <param name="Inputs">Every value of outside that the body uses.</param>
public sealed record RegionCall(params Value[] Inputs)
{
    /// <summary>The documents that the body attends over; null where it does not attend.</summary>
    public SequenceLayout? Layout { get; init; }

    /// <summary>Which other layouts the same work serves; given with <see cref="Layout"/>.</summary>
    public LayoutCapacity? Capacity { get; init; }
}
