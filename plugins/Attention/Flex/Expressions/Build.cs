namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>Puts nodes together: brings operands to one type as C# does, and folds zeros and ones.</summary>
internal static class Build
{
    public static readonly Node Zero = Real(0);
    public static readonly Node One = Real(1);
    public static readonly Node True = new ConstantNode(1, NodeType.Truth);

    public static Node Real(double value) => new ConstantNode((float)value, NodeType.Real);

    public static Node Whole(int value) => new ConstantNode(value, NodeType.Whole);

    public static Node Of(Variable variable) => new VariableNode(variable);

    /// <summary>Any operator of two operands.</summary>
    /// <exception cref="InputException">The operands do not fit it.</exception>
    public static Node Binary(string op, Node left, Node right) => op switch
    {
        "&&" or "||" => Logic(op, left, right),
        "==" or "!=" or "<" or "<=" or ">" or ">=" => Compare(op, left, right),
        _ => Arithmetic(op, left, right),
    };

    public static Node Negate(Node x) => x switch
    {
        ConstantNode { Type: not NodeType.Truth } c => c with { Value = -c.Value },
        _ => new NegationNode(Number(x, "-")),
    };

    public static Node Not(Node x) => new NegationNode(Truth(x, "!"));

    public static Node Choose(Node condition, Node then, Node otherwise)
    {
        var (a, b) = Balanced(then, otherwise, "? :");
        return Equals(a, b) ? a : new ChoiceNode(Truth(condition, "? :"), a, b);
    }

    public static Node Call(Function function, params IReadOnlyList<Node> arguments)
    {
        if (arguments.Count != function.Arity)
        {
            throw new InputException($"{function.Name} takes {function.Arity} argument{(function.Arity == 1 ? "" : "s")}, not {arguments.Count}.");
        }

        var whole = function.CudaWhole is not null && arguments.All(a => a.Type == NodeType.Whole);
        return new CallNode(function, [.. arguments.Select(a => whole ? a : AsReal(Number(a, function.Name)))], whole ? NodeType.Whole : NodeType.Real);
    }

    public static Node Lookup(float[] table, Node index) => index.Type == NodeType.Whole
        ? new LookupNode(table, index)
        : throw new InputException("A table is indexed with a whole number: head, q, k, document, length, or (int) of a number.");

    public static Node Convert(Node x, NodeType type) => x.Type == type ? x : x.Type == NodeType.Truth || type == NodeType.Truth
        ? throw new InputException("Truth values and numbers do not turn into each other; write a comparison, or condition ? 1 : 0.")
        : x is ConstantNode c ? new ConstantNode(type == NodeType.Whole ? Math.Truncate(c.Value) : c.Value, type) : new ConversionNode(x, type);

    public static Node AsReal(Node x) => Convert(x, NodeType.Real);

    private static Node Arithmetic(string op, Node left, Node right)
    {
        var (a, b) = Balanced(Number(left, op), Number(right, op), op);
        return (op, a, b) switch
        {
            ("+", ConstantNode { Value: 0 }, _) => b,
            ("+" or "-", _, ConstantNode { Value: 0 }) => a,
            ("-", ConstantNode { Value: 0 }, _) => Negate(b),
            ("*", ConstantNode { Value: 0 }, _) => a,
            ("*", _, ConstantNode { Value: 0 }) => b,
            ("*", ConstantNode { Value: 1 }, _) => b,
            ("*" or "/", _, ConstantNode { Value: 1 }) => a,
            ("/", ConstantNode { Value: 0, Type: NodeType.Real }, _) => a,
            _ => new BinaryNode(op, a, b, a.Type),
        };
    }

    private static Node Compare(string op, Node left, Node right)
    {
        var (a, b) = Balanced(left, right, op);
        return a.Type == NodeType.Truth && op is not ("==" or "!=") ? throw Unfit(op, "numbers") : new BinaryNode(op, a, b, NodeType.Truth);
    }

    private static Node Logic(string op, Node left, Node right)
    {
        var (a, b) = (Truth(left, op), Truth(right, op));
        return op == "&&" && Equals(a, True) ? b : op == "&&" && Equals(b, True) ? a : new BinaryNode(op, a, b, NodeType.Truth);
    }

    private static (Node Left, Node Right) Balanced(Node a, Node b, string op)
    {
        if (a.Type == b.Type)
        {
            return (a, b);
        }

        return a.Type == NodeType.Truth || b.Type == NodeType.Truth ? throw Unfit(op, "two operands of one kind") : (AsReal(a), AsReal(b));
    }

    private static Node Number(Node x, string op) => x.Type == NodeType.Truth ? throw Unfit(op, "numbers") : x;

    private static Node Truth(Node x, string op) => x.Type == NodeType.Truth ? x : throw Unfit(op, "conditions");

    private static InputException Unfit(string op, string wanted) => new($"The operator {op} wants {wanted}.");
}
