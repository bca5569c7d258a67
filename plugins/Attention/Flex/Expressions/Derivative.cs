namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>The derivative of a program by its score, symbolically. Conditions, floors and whole numbers are flat.</summary>
internal static class Derivative
{
    public static Node Of(Node x)
    {
        if (x.Type != NodeType.Real || !x.Reads(Variable.Score))
        {
            return Build.Zero;
        }

        return x switch
        {
            VariableNode => Build.One,
            NegationNode n => Build.Negate(Of(n.Operand)),
            ChoiceNode c => Build.Choose(c.Condition, Of(c.Then), Of(c.Otherwise)),
            BinaryNode b => OfBinary(b),
            CallNode c => OfCall(c),
            _ => Build.Zero,
        };
    }

    private static Node OfBinary(BinaryNode x)
    {
        var (a, b, da, db) = (x.Left, x.Right, Of(x.Left), Of(x.Right));
        return x.Operator switch
        {
            "+" or "-" => Build.Binary(x.Operator, da, db),
            "*" => Sum(Product(da, b), Product(a, db)),
            "/" => Build.Binary("/", Build.Binary("-", da, Product(x, db)), b),
            _ => Build.Binary("-", da, Product(Build.Call(Function.Of("Floor"), Build.Binary("/", a, b)), db)),
        };
    }

    private static Node OfCall(CallNode x)
    {
        var (a, d) = (x.Arguments[0], Of(x.Arguments[0]));
        return x.Function.Name switch
        {
            "Abs" => Build.Choose(Build.Binary("<", a, Build.Zero), Build.Negate(d), d),
            "Min" => Build.Choose(Build.Binary("<=", a, x.Arguments[1]), d, Of(x.Arguments[1])),
            "Max" => Build.Choose(Build.Binary(">=", a, x.Arguments[1]), d, Of(x.Arguments[1])),
            "Exp" => Product(x, d),
            "Log" => Build.Binary("/", d, a),
            "Sqrt" => Build.Binary("/", d, Product(Build.Real(2), x)),
            "Tanh" => Product(Build.Binary("-", Build.One, Product(x, x)), d),
            "Sin" => Product(Build.Call(Function.Of("Cos"), a), d),
            "Cos" => Product(Build.Negate(Build.Call(Function.Of("Sin"), a)), d),
            "Pow" => OfPower(x, a, x.Arguments[1], d),
            _ => Build.Zero,
        };
    }

    /// <summary>a^b: b a^(b-1) da + a^b ln(a) db.</summary>
    private static Node OfPower(Node power, Node a, Node b, Node da)
    {
        var slope = Product(Product(b, Build.Call(Function.Of("Pow"), a, Build.Binary("-", b, Build.One))), da);
        return b.Reads(Variable.Score) ? Sum(slope, Product(Product(power, Build.Call(Function.Of("Log"), a)), Of(b))) : slope;
    }

    private static Node Sum(Node a, Node b) => Build.Binary("+", a, b);

    private static Node Product(Node a, Node b) => Build.Binary("*", a, b);
}
