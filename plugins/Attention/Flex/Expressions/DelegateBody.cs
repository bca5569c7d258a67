using System.Linq.Expressions;

namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>Turns nodes into expression trees that the runtime compiles.</summary>
internal static class DelegateBody
{
    /// <summary>Document, head, query, key, length.</summary>
    public static IReadOnlyList<ParameterExpression> Places { get; } =
        [.. new[] { Variable.Document, Variable.Head, Variable.Query, Variable.Key, Variable.Length }.Select(v => Expression.Parameter(typeof(int), v.ToString()))];

    /// <summary>One node.</summary>
    /// <param name="x">The node.</param>
    /// <param name="score">What stands for the score.</param>
    public static Expression Of(Node x, Expression? score) => x switch
    {
        ConstantNode { Type: NodeType.Truth } c => Expression.Constant(c.Value != 0),
        ConstantNode { Type: NodeType.Whole } c => Expression.Constant((int)c.Value),
        ConstantNode c => Expression.Constant((float)c.Value),
        VariableNode { Variable: Variable.Score } => score!,
        VariableNode v => Places[(int)v.Variable - 1],
        NegationNode { Type: NodeType.Truth } n => Expression.Not(Of(n.Operand, score)),
        NegationNode n => Expression.Negate(Of(n.Operand, score)),
        BinaryNode b => Expression.MakeBinary(Kind(b.Operator), Of(b.Left, score), Of(b.Right, score)),
        CallNode c => Call(c, score),
        ChoiceNode c => Expression.Condition(Of(c.Condition, score), Of(c.Then, score), Of(c.Otherwise, score)),
        LookupNode l => Expression.ArrayIndex(Expression.Constant(l.Table), Of(l.Index, score)),
        ConversionNode c => Expression.Convert(Of(c.Operand, score), c.Type == NodeType.Whole ? typeof(int) : typeof(float)),
        _ => throw new ArgumentException($"{x.GetType().Name} cannot be compiled.", nameof(x)),
    };

    private static MethodCallExpression Call(CallNode x, Expression? score)
    {
        var type = x.Type == NodeType.Whole ? typeof(int) : typeof(float);
        var method = (x.Type == NodeType.Whole ? typeof(Math) : typeof(MathF)).GetMethod(x.Function.Name, [.. Enumerable.Repeat(type, x.Function.Arity)])!;
        return Expression.Call(method, x.Arguments.Select(a => Of(a, score)));
    }

    private static ExpressionType Kind(string op) => op switch
    {
        "+" => ExpressionType.Add,
        "-" => ExpressionType.Subtract,
        "*" => ExpressionType.Multiply,
        "/" => ExpressionType.Divide,
        "%" => ExpressionType.Modulo,
        "&&" => ExpressionType.AndAlso,
        "||" => ExpressionType.OrElse,
        "==" => ExpressionType.Equal,
        "!=" => ExpressionType.NotEqual,
        "<" => ExpressionType.LessThan,
        "<=" => ExpressionType.LessThanOrEqual,
        ">" => ExpressionType.GreaterThan,
        _ => ExpressionType.GreaterThanOrEqual,
    };
}
