using System.Globalization;
using System.Text;
using Neoteny.Models.ChatTemplates.Jinja.Expressions;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Parses operands: literals, names, members, calls, filters and tests.</summary>
internal sealed class PrimaryParser(TokenReader reader, ExpressionParser expressions)
{
    public Expression Parse()
    {
        var token = reader.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return Name(token);
            case TokenKind.Text:
                var text = new StringBuilder(token.Text);
                while (reader.Current.Kind == TokenKind.Text)
                    text.Append(reader.Next().Text);
                return new Constant(text.ToString(), token.Line);
            case TokenKind.Integer or TokenKind.Float:
                return new Constant(Number(token), token.Line);
            case TokenKind.Operator when token.Text == "(":
                return Parenthesized(token.Line);
            case TokenKind.Operator when token.Text == "[":
                return new ListDisplay(Until("]"), tuple: false, token.Line);
            case TokenKind.Operator when token.Text == "{":
                return new DictionaryDisplay(Pairs(), token.Line);
            default:
                throw new TemplateError($"expected a value, found {token}.", token.Line);
        }
    }

    public Expression Postfix(Expression value)
    {
        while (true)
        {
            var line = reader.Current.Line;
            if (reader.Skip("."))
                value = Member(value, line);
            else if (reader.Skip("["))
                value = Subscript(value, line);
            else if (reader.Skip("("))
                value = new CallExpression(value, Arguments(), line);
            else
                return value;
        }
    }

    public Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (reader.Skip("|"))
                value = Filter()(value);
            else if (reader.Current.IsName("is"))
                value = Test(value);
            else if (reader.Current.Is("("))
                value = Postfix(value);
            else
                return value;
        }
    }

    /// <summary>Puts the filters that follow, each after a <c>|</c>, behind <paramref name="first"/>.</summary>
    public Func<Expression, Expression> FilterChain(Func<Expression, Expression> first)
    {
        var filters = new List<Func<Expression, Expression>> { first };
        while (reader.Skip("|"))
            filters.Add(Filter());
        return value => filters.Aggregate(value, static (inner, filter) => filter(inner));
    }

    public Func<Expression, Expression> Filter()
    {
        var line = reader.Current.Line;
        var name = reader.ExpectName();
        var arguments = reader.Skip("(") ? Arguments() : ArgumentList.Empty;
        return value => new FilterExpression(value, name, arguments, line);
    }

    /// <summary>Arguments up to the closing parenthesis; the opening one is read.</summary>
    public ArgumentList Arguments()
    {
        var positional = new List<(bool, Expression)>();
        var named = new List<(string?, Expression)>();
        while (!reader.Skip(")"))
        {
            if (positional.Count + named.Count > 0)
            {
                reader.Expect(",");
                if (reader.Skip(")"))
                    break;
            }

            if (reader.Skip("**"))
                named.Add((null, expressions.Parse()));
            else if (reader.Skip("*"))
                positional.Add((true, expressions.Parse()));
            else if (reader.Current.Kind == TokenKind.Name && reader.Ahead.Is("="))
                named.Add((NameBeforeEquals(), expressions.Parse()));
            else
                positional.Add((false, expressions.Parse()));
        }

        return new ArgumentList(positional, named);
    }

    private static object Number(Token token)
    {
        var digits = token.Text.Replace("_", "", StringComparison.Ordinal);
        if (token.Kind == TokenKind.Float)
            return double.Parse(digits, CultureInfo.InvariantCulture);
        return long.TryParse(digits, CultureInfo.InvariantCulture, out var value)
            ? value : throw new TemplateError($"the number {token.Text} is too large.", token.Line);
    }

    private static Expression Name(Token token) => token.Text switch
    {
        "true" or "True" => new Constant(true, token.Line),
        "false" or "False" => new Constant(false, token.Line),
        "none" or "None" => new Constant(null, token.Line),
        _ => new Variable(token.Text, token.Line),
    };

    private string NameBeforeEquals()
    {
        var name = reader.ExpectName();
        reader.Expect("=");
        return name;
    }

    private Expression Parenthesized(int line)
    {
        if (reader.Skip(")"))
            return new ListDisplay([], tuple: true, line);
        var value = expressions.ParseTuple();
        reader.Expect(")");
        return value;
    }

    private List<Expression> Until(string closing)
    {
        var items = new List<Expression>();
        while (!reader.Skip(closing))
        {
            if (items.Count > 0)
            {
                reader.Expect(",");
                if (reader.Skip(closing))
                    break;
            }

            items.Add(expressions.Parse());
        }

        return items;
    }

    private List<(Expression, Expression)> Pairs()
    {
        var pairs = new List<(Expression, Expression)>();
        while (!reader.Skip("}"))
        {
            if (pairs.Count > 0)
            {
                reader.Expect(",");
                if (reader.Skip("}"))
                    break;
            }

            var key = expressions.Parse();
            reader.Expect(":");
            pairs.Add((key, expressions.Parse()));
        }

        return pairs;
    }

    private Expression Member(Expression value, int line)
    {
        if (reader.Current.Kind == TokenKind.Integer)
            return new ItemAccess(value, new Constant(Number(reader.Next()), line), line);
        return new AttributeAccess(value, reader.ExpectName(), line);
    }

    private Expression Subscript(Expression value, int line)
    {
        var start = reader.Current.Is(":") ? null : expressions.ParseTuple();
        if (!reader.Skip(":"))
        {
            reader.Expect("]");
            return new ItemAccess(value, start!, line);
        }

        var stop = reader.Current.Is(":") || reader.Current.Is("]") ? null : expressions.Parse();
        var step = reader.Skip(":") && !reader.Current.Is("]") ? expressions.Parse() : null;
        reader.Expect("]");
        return new SliceAccess(value, start, stop, step, line);
    }

    private Expression Test(Expression value)
    {
        var line = reader.Next().Line;
        var negated = reader.SkipName("not");
        var name = reader.ExpectName();
        var arguments = reader.Skip("(") ? Arguments() : TakesOperand() ? new ArgumentList([(false, Postfix(Parse()))], []) : ArgumentList.Empty;
        var test = new TestExpression(value, name, arguments, line);
        return negated ? new Negation(test, line) : test;
    }

    private bool TakesOperand() => reader.Current switch
    {
        { Kind: TokenKind.Name, Text: "else" or "or" or "and" or "is" or "in" or "not" or "if" } => false,
        { Kind: TokenKind.Name or TokenKind.Text or TokenKind.Integer or TokenKind.Float } => true,
        { Kind: TokenKind.Operator, Text: "[" or "{" } => true,
        _ => false,
    };
}
