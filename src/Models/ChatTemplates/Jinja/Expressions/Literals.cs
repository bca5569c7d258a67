namespace Neoteny.Models.ChatTemplates.Jinja.Expressions;

/// <summary>A text, number, boolean or none.</summary>
internal sealed class Constant(object? value, int line) : Expression(line)
{
    protected override object? Compute(Scope scope) => value;
}

/// <summary>A list or tuple written out.</summary>
internal sealed class ListDisplay(IReadOnlyList<Expression> items, bool tuple, int line) : Expression(line)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object Compute(Scope scope)
    {
        scope.Evaluation.Charge(items.Count);
        var values = items.Select(item => item.Evaluate(scope));
        return tuple ? new JinjaTuple(values) : values.ToList();
    }
}

/// <summary>A mapping written out.</summary>
internal sealed class DictionaryDisplay(IReadOnlyList<(Expression Key, Expression Value)> pairs, int line) : Expression(line)
{
    protected override object Compute(Scope scope)
    {
        scope.Evaluation.Charge(pairs.Count);
        var map = new JinjaDictionary();
        foreach (var (key, value) in pairs)
            map[key.Evaluate(scope)] = value.Evaluate(scope);
        return map;
    }
}
