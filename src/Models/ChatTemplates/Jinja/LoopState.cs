namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class LoopState(IReadOnlyList<object?> items, int depth, Callable? recursion)
{
    private object? changed = new Undefined("nothing was compared yet");

    public int Index { get; set; }

    public int Depth => depth;

    public Callable? Recursion => recursion;

    public object? Attribute(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => (long)(items.Count - Index - 1),
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => depth + 1L,
        "depth0" => (long)depth,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => new Callable("loop.cycle", (arguments, _) => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw new TemplateError("loop.cycle needs at least one value.")),
        "changed" => new Callable("loop.changed", (arguments, evaluation) => Changed(new JinjaTuple(arguments.Positional), evaluation)),
        _ => new Undefined($"loop has no member '{name}'"),
    };

    private bool Changed(JinjaTuple values, Evaluation evaluation)
    {
        var differs = !Values.AreEqual(changed, values, evaluation);
        changed = values;
        return differs;
    }
}
