namespace Neoteny.Models.ChatTemplates.Jinja.Expressions;

/// <summary>An arithmetic operator.</summary>
internal sealed class Binary(string symbol, Expression left, Expression right, int line) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        var (first, second) = (left.Evaluate(scope), right.Evaluate(scope));
        scope.Evaluation.Line = Line;
        return Arithmetic.Apply(symbol, first, second, scope.Evaluation);
    }
}

/// <summary><c>~</c>: both sides as text.</summary>
internal sealed class Concatenation(Expression left, Expression right, int line) : Expression(line)
{
    protected override object Compute(Scope scope)
    {
        var first = Writer.Text(left.Evaluate(scope), scope.Evaluation);
        return scope.Evaluation.Charged(first + Writer.Text(right.Evaluate(scope), scope.Evaluation));
    }
}

/// <summary><c>and</c>, <c>or</c>: one of the two values, the second only where it is needed.</summary>
internal sealed class Logical(bool and, Expression left, Expression right, int line) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        var first = left.Evaluate(scope);
        return Values.IsTrue(first) == and ? right.Evaluate(scope) : first;
    }
}

/// <summary><c>not</c>.</summary>
internal sealed class Negation(Expression operand, int line) : Expression(line)
{
    protected override object Compute(Scope scope) => !Values.IsTrue(operand.Evaluate(scope));
}

/// <summary>A sign before a number.</summary>
internal sealed class Sign(bool negative, Expression operand, int line) : Expression(line)
{
    protected override object Compute(Scope scope)
    {
        var negated = Arithmetic.Negate(operand.Evaluate(scope));
        return negative ? negated : Arithmetic.Negate(negated);
    }
}

/// <summary>Comparisons, which chain: <c>a &lt; b &lt; c</c>.</summary>
internal sealed class Comparison(Expression first, IReadOnlyList<(string Symbol, Expression Operand)> rest, int line) : Expression(line)
{
    protected override object Compute(Scope scope)
    {
        var left = first.Evaluate(scope);
        foreach (var (symbol, operand) in rest)
        {
            var right = operand.Evaluate(scope);
            scope.Evaluation.Line = Line;
            if (!Holds(symbol, left, right, scope.Evaluation))
                return false;
            left = right;
        }

        return true;
    }

    private static bool Holds(string symbol, object? left, object? right, Evaluation evaluation) => symbol switch
    {
        "==" => Values.AreEqual(left, right, evaluation),
        "!=" => !Values.AreEqual(left, right, evaluation),
        "in" => Values.Contains(right, left, evaluation),
        "not in" => !Values.Contains(right, left, evaluation),
        "<" => Values.Compare(left, right, evaluation) < 0,
        "<=" => Values.Compare(left, right, evaluation) <= 0,
        ">" => Values.Compare(left, right, evaluation) > 0,
        _ => Values.Compare(left, right, evaluation) >= 0,
    };
}

/// <summary><c>a if b else c</c>.</summary>
internal sealed class Conditional(Expression condition, Expression then, Expression? otherwise, int line) : Expression(line)
{
    protected override object? Compute(Scope scope) => Values.IsTrue(condition.Evaluate(scope))
        ? then.Evaluate(scope)
        : otherwise is null ? new Undefined("this inline if has no else") : otherwise.Evaluate(scope);
}
