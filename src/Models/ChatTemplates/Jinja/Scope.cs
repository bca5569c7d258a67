namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Variables. Reading looks outwards, setting stays here: what a loop sets is gone behind it.</summary>
internal sealed class Scope(Evaluation evaluation, Scope? outer)
{
    private readonly Dictionary<string, object?> variables = new(StringComparer.Ordinal);

    public Evaluation Evaluation => evaluation;

    public object? this[string name]
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Outer)
            {
                if (scope.variables.TryGetValue(name, out var value))
                    return value;
            }

            return new Undefined($"'{name}' is undefined");
        }

        set => variables[name] = value;
    }

    private Scope? Outer => outer;

    public Scope Inner() => new(evaluation, this);
}
