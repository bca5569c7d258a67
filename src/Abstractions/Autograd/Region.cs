namespace Neoteny.Autograd;

/// <summary>A part of a model that does the same work for all inputs of one size, so that the work can be captured once and run again (CUDA graphs).</summary>
/// <remarks>
/// It depends on nothing but its inputs and the parameters that its operators rent: no batch, no layout, no numbers of the host that change from call to call. One object serves all
/// calls of one place in a model.
/// </remarks>
/// <param name="path">Where it is, such as <c>model.layers.3 before attention</c>.</param>
/// <param name="body">Applies operators on the tape that it is given, which may be another one than the caller's, to its inputs, and returns the values that code outside goes on with.</param>
/// <param name="parts">What the body calls at the moment, by which a change is noticed; null where it must not be captured.</param>
public sealed class Region(string path, Func<Tape, Value[], Value[]> body, Func<IReadOnlyList<object>?> parts)
{
    /// <summary>Where it is in the model.</summary>
    public string Path => path;

    /// <summary>What it does.</summary>
    public Func<Tape, Value[], Value[]> Body => body;

    /// <summary>What the body calls at the moment; null where it must not be captured.</summary>
    public Func<IReadOnlyList<object>?> Parts => parts;
}
