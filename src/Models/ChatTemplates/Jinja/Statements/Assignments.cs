using Neoteny.Models.ChatTemplates.Jinja.Expressions;

namespace Neoteny.Models.ChatTemplates.Jinja.Statements;

/// <summary>What can stand left of <c>=</c>: a name, a member of a namespace, or several of them.</summary>
internal sealed record AssignmentTarget(string? Name, string? Member, IReadOnlyList<AssignmentTarget>? Parts)
{
    public void Assign(Scope scope, object? value)
    {
        if (Parts is not null)
            Unpack(scope, value);
        else if (Member is null)
            scope[Name!] = value;
        else if (scope[Name!] is JinjaNamespace space)
            space.Members[Member] = value;
        else
            throw new TemplateError($"'{Name}' is not a namespace, so its member '{Member}' cannot be set. Make it with namespace().");
    }

    private void Unpack(Scope scope, object? value)
    {
        var items = Values.Items(value, scope.Evaluation);
        if (items.Count != Parts!.Count)
            throw new TemplateError($"{items.Count} values cannot be unpacked into {Parts.Count} names.");
        for (var i = 0; i < items.Count; i++)
            Parts[i].Assign(scope, items[i]);
    }
}

/// <summary><c>set name = value</c>.</summary>
internal sealed class SetStatement(AssignmentTarget target, Expression value, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        target.Assign(scope, value.Evaluate(scope));
        return Flow.Next;
    }
}

/// <summary><c>set name</c> ... <c>endset</c>: the output of a block, perhaps through filters.</summary>
internal sealed class SetBlockStatement(AssignmentTarget target, Func<Expression, Expression> filter, Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        var text = scope.Evaluation.Capture(() => body.Execute(scope.Inner()));
        target.Assign(scope, filter(new Constant(text, Line)).Evaluate(scope));
        return Flow.Next;
    }
}
