namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Something that a template can call.</summary>
internal sealed class Callable(string name, Func<Arguments, Evaluation, object?> body)
{
    public string Name => name;

    public object? Call(Arguments arguments, Evaluation evaluation) => body(arguments, evaluation);
}
