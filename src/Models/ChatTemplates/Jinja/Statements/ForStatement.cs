using Neoteny.Models.ChatTemplates.Jinja.Expressions;

namespace Neoteny.Models.ChatTemplates.Jinja.Statements;

/// <summary><c>for</c>, with its filter, its <c>else</c> and its recursion.</summary>
internal sealed class ForStatement(AssignmentTarget target, Expression source, Expression? condition, Block body, Block? otherwise, bool recursive, int line)
    : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        Loop(source.Evaluate(scope), scope, 0);
        return Flow.Next;
    }

    private void Loop(object? value, Scope scope, int depth)
    {
        var items = Selected(Values.Items(value, scope.Evaluation), scope);
        var state = new LoopState(items, depth, recursive ? Recursion(scope) : null);
        for (; state.Index < items.Count; state.Index++)
        {
            var inner = scope.Inner();
            target.Assign(inner, items[state.Index]);
            inner["loop"] = state;
            if (body.Execute(inner) == Flow.Break)
                return;
        }

        if (items.Count == 0)
            otherwise?.Execute(scope);
    }

    private IReadOnlyList<object?> Selected(IReadOnlyList<object?> items, Scope scope)
    {
        if (condition is null)
            return items;
        var selected = new List<object?>();
        foreach (var item in items)
        {
            var inner = scope.Inner();
            target.Assign(inner, item);
            if (Values.IsTrue(condition.Evaluate(inner)))
                selected.Add(item);
        }

        return selected;
    }

    private Callable Recursion(Scope scope) => new("loop", (arguments, evaluation) =>
    {
        var depth = arguments.Positional[^1] is long value ? (int)value : 0;
        evaluation.EnterCall();
        var text = evaluation.Capture(() => Loop(arguments.Positional[0], scope, depth + 1));
        evaluation.LeaveCall();
        return text;
    });
}
