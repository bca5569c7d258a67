using Neoteny.Models.ChatTemplates.Jinja.Expressions;

namespace Neoteny.Models.ChatTemplates.Jinja.Statements;

/// <summary>Text outside of tags.</summary>
internal sealed class TextStatement(string text, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        scope.Evaluation.Write(text);
        return Flow.Next;
    }
}

/// <summary><c>{{ value }}</c>.</summary>
internal sealed class OutputStatement(Expression value, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        scope.Evaluation.Write(Writer.Text(value.Evaluate(scope), scope.Evaluation));
        return Flow.Next;
    }
}

/// <summary><c>break</c> and <c>continue</c>.</summary>
internal sealed class FlowStatement(Flow flow, int line) : Statement(line)
{
    protected override Flow Run(Scope scope) => flow;
}

/// <summary><c>if</c>, <c>elif</c>, <c>else</c>.</summary>
internal sealed class IfStatement(IReadOnlyList<(Expression Condition, Block Body)> branches, Block? otherwise, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        foreach (var (condition, body) in branches)
        {
            if (Values.IsTrue(condition.Evaluate(scope)))
                return body.Execute(scope);
        }

        return otherwise?.Execute(scope) ?? Flow.Next;
    }
}

/// <summary><c>with</c>: variables for a block.</summary>
internal sealed class WithStatement(IReadOnlyList<(AssignmentTarget Target, Expression Value)> assignments, Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        var inner = scope.Inner();
        foreach (var (target, value) in assignments)
            target.Assign(inner, value.Evaluate(scope));
        return body.Execute(inner);
    }
}

/// <summary>A block whose output goes through filters, or straight on where there are none (<c>generation</c>).</summary>
internal sealed class FilterStatement(Func<Expression, Expression> filter, Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        var flow = Flow.Next;
        var text = scope.Evaluation.Capture(() => flow = body.Execute(scope.Inner()));
        scope.Evaluation.Write(Writer.Text(filter(new Constant(text, Line)).Evaluate(scope), scope.Evaluation));
        return flow;
    }
}
