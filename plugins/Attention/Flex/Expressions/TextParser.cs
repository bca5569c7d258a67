using System.Globalization;
using System.Text.RegularExpressions;

namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>Reads a program written in C#'s syntax: <c>score - slope[head] * Math.Abs(q - k)</c>.</summary>
internal sealed partial class TextParser
{
    private static readonly string[][] Levels = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]];

    private static readonly Dictionary<string, Variable> Variables = new(StringComparer.Ordinal)
    {
        ["score"] = Variable.Score,
        ["document"] = Variable.Document,
        ["head"] = Variable.Head,
        ["q"] = Variable.Query,
        ["k"] = Variable.Key,
        ["length"] = Variable.Length,
    };

    private readonly string text;
    private readonly float[] slopes;
    private readonly List<(string Token, int Column)> tokens = [];
    private int next;

    private TextParser(string text, float[] slopes)
    {
        (this.text, this.slopes) = (text, slopes);
        for (var at = 0; at < text.Length;)
        {
            var match = Token().Match(text, at);
            if (!match.Success)
            {
                throw Wrong(at, $"'{text[at]}' means nothing here");
            }

            if (!string.IsNullOrWhiteSpace(match.Value))
            {
                tokens.Add((match.Value, at));
            }

            at += match.Length;
        }
    }

    private string Current => next < tokens.Count ? tokens[next].Token : "";

    /// <summary>Reads a text.</summary>
    /// <param name="text">The program.</param>
    /// <param name="slopes">What <c>slope[head]</c> reads.</param>
    /// <exception cref="InputException">It is no program; the message has the column and what is known.</exception>
    public static Node Parse(string text, float[] slopes)
    {
        var parser = new TextParser(text, slopes);
        Node whole;
        try
        {
            whole = parser.Choice();
        }
        catch (InputException e) when (!e.Message.StartsWith('"'))
        {
            throw parser.Wrong(parser.Column(), e.Message.TrimEnd('.'));
        }

        return parser.next == parser.tokens.Count ? whole : throw parser.Wrong(parser.Column(), $"'{parser.Current}' is one too many");
    }

    private Node Choice()
    {
        var condition = Level(0);
        if (!Take("?"))
        {
            return condition;
        }

        var then = Choice();
        Need(":");
        return Build.Choose(condition, then, Choice());
    }

    private Node Level(int level)
    {
        if (level == Levels.Length)
        {
            return Unary();
        }

        var left = Level(level + 1);
        while (Levels[level].Contains(Current))
        {
            var op = tokens[next++].Token;
            left = Build.Binary(op, left, Level(level + 1));
        }

        return left;
    }

    private Node Unary()
    {
        if (Take("-"))
        {
            return Build.Negate(Unary());
        }

        if (Take("!"))
        {
            return Build.Not(Unary());
        }

        if (Current == "(" && next + 2 < tokens.Count && tokens[next + 1].Token is "int" or "float" && tokens[next + 2].Token == ")")
        {
            var type = tokens[next + 1].Token == "int" ? NodeType.Whole : NodeType.Real;
            next += 3;
            return Build.Convert(Unary(), type);
        }

        return Primary();
    }

    private Node Primary()
    {
        if (Take("("))
        {
            var inner = Choice();
            Need(")");
            return inner;
        }

        var (token, column) = next < tokens.Count ? tokens[next++] : throw Wrong(text.Length, "it ends too early");
        if (char.IsAsciiDigit(token[0]) || token[0] == '.')
        {
            return Number(token, column);
        }

        if (Variables.TryGetValue(token, out var variable))
        {
            return Build.Of(variable);
        }

        if (token is "true" or "false")
        {
            return new ConstantNode(token == "true" ? 1 : 0, NodeType.Truth);
        }

        if (token == "slope" && Take("["))
        {
            var index = Choice();
            Need("]");
            return Build.Lookup(slopes, index);
        }

        if (Function.Find(token[(token.IndexOf('.', StringComparison.Ordinal) + 1)..]) is { } function && Take("("))
        {
            return Build.Call(function, Arguments());
        }

        throw Wrong(column, $"'{token}' is not known. Known are score, q, k, head, document, length, slope[head], and the functions {Function.Names}");
    }

    private List<Node> Arguments()
    {
        List<Node> arguments = [Choice()];
        while (Take(","))
        {
            arguments.Add(Choice());
        }

        Need(")");
        return arguments;
    }

    private Node Number(string token, int column)
    {
        var digits = token.TrimEnd('f', 'F');
        return digits == token && int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) ? Build.Whole(whole)
            : float.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && float.IsFinite(real) ? Build.Real(real)
            : throw Wrong(column, $"'{token}' is no number that fits fp32");
    }

    private bool Take(string token)
    {
        if (Current != token)
        {
            return false;
        }

        next++;
        return true;
    }

    private void Need(string token)
    {
        if (!Take(token))
        {
            throw Wrong(Column(), $"'{token}' is missing");
        }
    }

    private int Column() => next < tokens.Count ? tokens[next].Column : text.Length;

    private InputException Wrong(int at, string what) => new($"\"{text}\", column {at + 1}: {what}.");

    [GeneratedRegex(@"\G(\s+|[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?[fF]?|[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)?|\|\||&&|[=!<>]=|[-+*/%<>!?:()\[\],])")]
    private static partial Regex Token();
}
