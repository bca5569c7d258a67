using System.Linq.Expressions;
using System.Reflection;

namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>Reads a C# expression tree: the same language as texts, with captured values as constants and captured arrays as tables.</summary>
internal static class ExpressionReader
{
    private const string Supported = "Supported are + - * / %, comparisons, && || !, ? :, casts between int and float, captured numbers, elements of captured float[], and functions of Math and MathF";

    /// <summary>Reads the body of a program.</summary>
    /// <param name="program">One parameter, whose properties are the variables.</param>
    /// <exception cref="InputException">A part of it has no counterpart on a device; the message names it.</exception>
    public static Node Read(LambdaExpression program) => Read(program.Body);

    private static Node Read(Expression x) => x switch
    {
        MemberExpression { Expression: ParameterExpression } m when Enum.TryParse<Variable>(m.Member.Name, out var variable) => Build.Of(variable),
        ConstantExpression or MemberExpression => Constant(x),
        UnaryExpression { NodeType: ExpressionType.Negate } u => Build.Negate(Read(u.Operand)),
        UnaryExpression { NodeType: ExpressionType.Not } u when u.Type == typeof(bool) => Build.Not(Read(u.Operand)),
        UnaryExpression { NodeType: ExpressionType.Convert } u => Build.Convert(Read(u.Operand), TypeOf(u)),
        BinaryExpression { NodeType: ExpressionType.ArrayIndex } b => Build.Lookup(Value(b.Left) as float[] ?? throw Unknown(b), Read(b.Right)),
        BinaryExpression b => Build.Binary(Operator(b), Read(b.Left), Read(b.Right)),
        ConditionalExpression c => Build.Choose(Read(c.Test), Read(c.IfTrue), Read(c.IfFalse)),
        MethodCallExpression { Object: null } c when c.Method.DeclaringType == typeof(Math) || c.Method.DeclaringType == typeof(MathF)
            => Build.Call(Function.Find(c.Method.Name) ?? throw Unknown(c), [.. c.Arguments.Select(Read)]),
        _ => throw Unknown(x),
    };

    private static Node Constant(Expression x) => Value(x) switch
    {
        bool b => new ConstantNode(b ? 1 : 0, NodeType.Truth),
        int i => Build.Whole(i),
        float f when !float.IsNaN(f) => Build.Real(f),
        double d when !double.IsNaN(d) => Build.Real(d),
        _ => throw Unknown(x),
    };

    /// <summary>The value of a constant, of a captured variable, or of a field or property of these.</summary>
    private static object? Value(Expression x) => x switch
    {
        ConstantExpression c => c.Value,
        MemberExpression { Member: FieldInfo f } m when m.Expression is not ParameterExpression => f.GetValue(m.Expression is null ? null : Value(m.Expression)),
        MemberExpression { Member: PropertyInfo p } m when m.Expression is not ParameterExpression => p.GetValue(m.Expression is null ? null : Value(m.Expression)),
        _ => throw Unknown(x),
    };

    private static NodeType TypeOf(UnaryExpression x)
        => x.Type == typeof(int) ? NodeType.Whole : x.Type == typeof(float) || x.Type == typeof(double) ? NodeType.Real : throw Unknown(x);

    private static string Operator(BinaryExpression x) => x.NodeType switch
    {
        ExpressionType.Add => "+",
        ExpressionType.Subtract => "-",
        ExpressionType.Multiply => "*",
        ExpressionType.Divide => "/",
        ExpressionType.Modulo => "%",
        ExpressionType.Equal => "==",
        ExpressionType.NotEqual => "!=",
        ExpressionType.LessThan => "<",
        ExpressionType.LessThanOrEqual => "<=",
        ExpressionType.GreaterThan => ">",
        ExpressionType.GreaterThanOrEqual => ">=",
        ExpressionType.AndAlso => "&&",
        ExpressionType.OrElse => "||",
        ExpressionType.And when x.Type == typeof(bool) => "&&",
        ExpressionType.Or when x.Type == typeof(bool) => "||",
        _ => throw Unknown(x),
    };

    private static InputException Unknown(Expression x) => new($"flex attention: '{x}' ({x.NodeType}) cannot be compiled for a device. {Supported} ({Function.Names}).");
}
