using System.Runtime.CompilerServices;
using Neoteny.Models.ChatTemplates.Jinja.Expressions;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Parses expressions, from the loosest operator to the tightest.</summary>
internal sealed class ExpressionParser
{
    private readonly TokenReader reader;
    private readonly PrimaryParser primary;

    public ExpressionParser(TokenReader reader)
    {
        this.reader = reader;
        primary = new PrimaryParser(reader, this);
    }

    /// <summary>An expression; with <paramref name="conditional"/>, one that may be an inline if.</summary>
    public Expression Parse(bool conditional = true)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateError("this expression nests too deeply.", reader.Current.Line);
        var value = Or();
        while (conditional && reader.Current.IsName("if"))
        {
            var line = reader.Next().Line;
            var condition = Or();
            value = new Conditional(condition, value, reader.SkipName("else") ? Parse() : null, line);
        }

        return value;
    }

    /// <summary>One expression, or a tuple of several without parentheses.</summary>
    public Expression ParseTuple(bool conditional = true)
    {
        var line = reader.Current.Line;
        var first = Parse(conditional);
        if (!reader.Current.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (reader.Skip(",") && !EndsTuple())
            items.Add(Parse(conditional));
        return new ListDisplay(items, tuple: true, line);
    }

    /// <summary>Filters, each after a <c>|</c>; perhaps none.</summary>
    public Func<Expression, Expression> Filters() => primary.FilterChain(static value => value);

    /// <summary>A filter by its name, and those after <c>|</c>.</summary>
    public Func<Expression, Expression> FiltersByName() => primary.FilterChain(primary.Filter());

    /// <summary>A signed operand with its members, calls and filters.</summary>
    public Expression Unary(bool filters = true)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateError("this expression nests too deeply.", reader.Current.Line);
        var token = reader.Current;
        var value = reader.Skip("-") ? new Sign(true, Unary(filters: false), token.Line)
            : reader.Skip("+") ? new Sign(false, Unary(filters: false), token.Line)
            : primary.Parse();
        value = primary.Postfix(value);
        return filters ? primary.FiltersAndTests(value) : value;
    }

    private bool EndsTuple() =>
        reader.Current.Kind is TokenKind.BlockEnd or TokenKind.OutputEnd || reader.Current.Is(")") || reader.Current.IsName("in");

    private Expression Or() => Chain(And, token => token.IsName("or"), (_, left, right, line) => new Logical(false, left, right, line));

    private Expression And() => Chain(Not, token => token.IsName("and"), (_, left, right, line) => new Logical(true, left, right, line));

    private Expression Not()
    {
        var negations = new Stack<int>();
        while (reader.Current.IsName("not"))
            negations.Push(reader.Next().Line);
        var value = Compare();
        while (negations.TryPop(out var line))
            value = new Negation(value, line);
        return value;
    }

    private Expression Compare()
    {
        var line = reader.Current.Line;
        var first = Sum();
        var rest = new List<(string, Expression)>();
        while (ComparisonSymbol() is { } symbol)
            rest.Add((symbol, Sum()));
        return rest.Count == 0 ? first : new Comparison(first, rest, line);
    }

    private string? ComparisonSymbol()
    {
        if (reader.Current is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            return reader.Next().Text;
        if (reader.SkipName("in"))
            return "in";
        if (!reader.Current.IsName("not") || !reader.Ahead.IsName("in"))
            return null;
        reader.Next();
        reader.Next();
        return "not in";
    }

    private Expression Sum() => Chain(Concatenate, token => token.Is("+") || token.Is("-"), Arithmetic);

    private Expression Concatenate() => Chain(Product, token => token.Is("~"), (_, left, right, line) => new Concatenation(left, right, line));

    private Expression Product() =>
        Chain(Power, token => token.Is("*") || token.Is("/") || token.Is("//") || token.Is("%"), Arithmetic);

    private Expression Power() => Chain(() => Unary(), token => token.Is("**"), Arithmetic);

    private static Binary Arithmetic(string symbol, Expression left, Expression right, int line) => new(symbol, left, right, line);

    private Expression Chain(Func<Expression> operand, Func<Token, bool> joins, Func<string, Expression, Expression, int, Expression> make)
    {
        var left = operand();
        while (joins(reader.Current))
        {
            var symbol = reader.Next();
            left = make(symbol.Text, left, operand(), symbol.Line);
        }

        return left;
    }
}
