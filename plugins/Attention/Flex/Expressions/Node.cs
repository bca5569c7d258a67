namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>A part of a program: what C# expressions and texts become, and what CUDA source, delegates and derivatives are made of.</summary>
/// <param name="Type">What it yields.</param>
internal abstract record Node(NodeType Type)
{
    /// <summary>Whether it reads a variable.</summary>
    public bool Reads(Variable variable) => this is VariableNode v ? v.Variable == variable : Parts.Any(p => p.Reads(variable));

    /// <summary>What it is made of.</summary>
    protected virtual IEnumerable<Node> Parts => [];
}

/// <summary>A number, or a truth value as 0 or 1.</summary>
internal sealed record ConstantNode(double Value, NodeType Type) : Node(Type);

/// <summary>A variable.</summary>
internal sealed record VariableNode(Variable Variable) : Node(Variable == Variable.Score ? NodeType.Real : NodeType.Whole);

/// <summary>Minus, or logical not.</summary>
internal sealed record NegationNode(Node Operand) : Node(Operand.Type)
{
    /// <inheritdoc/>
    protected override IEnumerable<Node> Parts => [Operand];
}

/// <summary>Arithmetic, a comparison, or logic on two operands of one type; the operator is spelled as in C#.</summary>
internal sealed record BinaryNode(string Operator, Node Left, Node Right, NodeType Type) : Node(Type)
{
    /// <inheritdoc/>
    protected override IEnumerable<Node> Parts => [Left, Right];
}

/// <summary>A function of one or two numbers.</summary>
internal sealed record CallNode(Function Function, IReadOnlyList<Node> Arguments, NodeType Type) : Node(Type)
{
    /// <inheritdoc/>
    protected override IEnumerable<Node> Parts => Arguments;
}

/// <summary><c>condition ? then : otherwise</c>.</summary>
internal sealed record ChoiceNode(Node Condition, Node Then, Node Otherwise) : Node(Then.Type)
{
    /// <inheritdoc/>
    protected override IEnumerable<Node> Parts => [Condition, Then, Otherwise];
}

/// <summary>An element of a table of constants.</summary>
internal sealed record LookupNode(float[] Table, Node Index) : Node(NodeType.Real)
{
    /// <inheritdoc/>
    protected override IEnumerable<Node> Parts => [Index];
}

/// <summary>A whole number as a real one, or a real one cut to a whole number.</summary>
internal sealed record ConversionNode(Node Operand, NodeType Type) : Node(Type)
{
    /// <inheritdoc/>
    protected override IEnumerable<Node> Parts => [Operand];
}
