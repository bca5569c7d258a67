using Neoteny.Models.ChatTemplates.Jinja.Builtins;

namespace Neoteny.Models.ChatTemplates.Jinja.Expressions;

/// <summary>The arguments as written.</summary>
internal sealed record ArgumentList(IReadOnlyList<(bool Spread, Expression Value)> Positional, IReadOnlyList<(string? Name, Expression Value)> Named)
{
    public static ArgumentList Empty { get; } = new([], []);

    public Arguments Evaluate(Scope scope, object?[]? before = null)
    {
        var positional = new List<object?>(before ?? []);
        foreach (var (spread, value) in Positional)
        {
            if (spread)
                positional.AddRange(Values.Items(value.Evaluate(scope), scope.Evaluation));
            else
                positional.Add(value.Evaluate(scope));
        }

        scope.Evaluation.Charge(positional.Count);
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in Named)
        {
            if (name is not null)
                named[name] = value.Evaluate(scope);
            else
                Spread(value.Evaluate(scope), named);
        }

        return new Arguments(positional, named);
    }

    private static void Spread(object? value, Dictionary<string, object?> named)
    {
        if (value is not JinjaDictionary map)
            throw new TemplateError($"** needs a mapping, not {Values.TypeName(value)}.");
        foreach (var (key, member) in map.Pairs)
            named[key as string ?? throw new TemplateError("** needs names as keys.")] = member;
    }
}

/// <summary><c>callee(arguments)</c>.</summary>
internal sealed class CallExpression(Expression callee, ArgumentList arguments, int line) : Expression(line)
{
    public Expression Callee => callee;

    public ArgumentList Arguments => arguments;

    protected override object? Compute(Scope scope)
    {
        var target = callee.Evaluate(scope);
        var values = arguments.Evaluate(scope);
        scope.Evaluation.Line = Line;
        return target switch
        {
            Callable callable => callable.Call(values, scope.Evaluation),
            LoopState { Recursion: { } recursion } loop => recursion.Call(new Jinja.Arguments([.. values.Positional, (long)loop.Depth], values.Named), scope.Evaluation),
            Undefined missing => throw new TemplateError($"{missing.Reason}, so it cannot be called."),
            _ => throw new TemplateError($"{Values.TypeName(target)} cannot be called."),
        };
    }
}

/// <summary><c>value | name(arguments)</c>.</summary>
internal sealed class FilterExpression(Expression value, string name, ArgumentList arguments, int line) : Expression(line)
{
    private readonly Func<Arguments, Evaluation, object?> filter = Filters.Find(name)
        ?? throw new TemplateError($"there is no filter '{name}'. Known are {Filters.Names}.", line);

    protected override object? Compute(Scope scope)
    {
        var values = arguments.Evaluate(scope, [value.Evaluate(scope)]);
        scope.Evaluation.Line = Line;
        return filter(values, scope.Evaluation);
    }
}

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed class TestExpression(Expression value, string name, ArgumentList arguments, int line) : Expression(line)
{
    private readonly Func<Arguments, Evaluation, bool> test = Tests.Find(name)
        ?? throw new TemplateError($"there is no test '{name}'. Known are {Tests.Names}.", line);

    protected override object Compute(Scope scope)
    {
        var values = arguments.Evaluate(scope, [value.Evaluate(scope)]);
        scope.Evaluation.Line = Line;
        return test(values, scope.Evaluation);
    }
}
