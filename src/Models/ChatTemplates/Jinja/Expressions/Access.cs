namespace Neoteny.Models.ChatTemplates.Jinja.Expressions;

/// <summary><c>value.name</c>.</summary>
internal sealed class AttributeAccess(Expression target, string name, int line) : Expression(line)
{
    public Expression Target => target;

    public string Name => name;

    protected override object? Compute(Scope scope)
    {
        var value = target.Evaluate(scope);
        scope.Evaluation.Line = Line;
        return Members.Attribute(value, name);
    }
}

/// <summary><c>value[key]</c>.</summary>
internal sealed class ItemAccess(Expression target, Expression key, int line) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        var (value, at) = (target.Evaluate(scope), key.Evaluate(scope));
        scope.Evaluation.Line = Line;
        return Members.Item(value, at);
    }
}

/// <summary><c>value[start:stop:step]</c>.</summary>
internal sealed class SliceAccess(Expression target, Expression? start, Expression? stop, Expression? step, int line) : Expression(line)
{
    protected override object Compute(Scope scope)
    {
        var value = target.Evaluate(scope);
        var (from, to, by) = (Bound(start, scope), Bound(stop, scope), Bound(step, scope) ?? 1);
        scope.Evaluation.Line = Line;
        return value switch
        {
            string text => scope.Evaluation.Charged(PythonText.Slice(text, from, to, by)),
            JinjaTuple tuple => new JinjaTuple(Charged(Slices.Select(tuple, from, to, by), scope)),
            List<object?> list => Charged(Slices.Select(list, from, to, by), scope),
            Undefined missing => throw new TemplateError($"{missing.Reason}, so it cannot be sliced."),
            _ => throw new TemplateError($"{Values.TypeName(value)} cannot be sliced."),
        };
    }

    private static List<object?> Charged(List<object?> items, Scope scope)
    {
        scope.Evaluation.Charge(items.Count);
        return items;
    }

    private static long? Bound(Expression? bound, Scope scope) => bound?.Evaluate(scope) switch
    {
        null => null,
        long value => value,
        bool flag => flag ? 1 : 0,
        var other => throw new TemplateError($"the bounds of a slice are whole numbers, not {Values.TypeName(other)}."),
    };
}
