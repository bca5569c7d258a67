namespace Neoteny.Models.ChatTemplates.Jinja.Expressions;

/// <summary>A node that has a value.</summary>
internal abstract class Expression(int line)
{
    public int Line => line;

    public object? Evaluate(Scope scope)
    {
        scope.Evaluation.Step(line);
        return Compute(scope);
    }

    protected abstract object? Compute(Scope scope);
}
