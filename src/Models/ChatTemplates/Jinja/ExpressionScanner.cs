using System.Text.RegularExpressions;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Cuts the inside of one tag into tokens, up to its closing.</summary>
internal sealed partial class ExpressionScanner(string source, int at, int line, string closing, List<Token> tokens)
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly Stack<char> open = new();

    /// <summary>The character before the closing where it is a sign: <c>-</c> or <c>+</c>.</summary>
    public char Sign { get; private set; } = ' ';

    /// <summary>Returns the place of the closing and its line.</summary>
    public (int At, int Line) Run()
    {
        while (true)
        {
            SkipBlanks();
            if (at >= source.Length)
                throw new TemplateError($"this tag is not closed with '{closing}'.", line);
            if (open.Count == 0 && AtClosing())
                return (at, line);
            Next();
        }
    }

    [GeneratedRegex(@"\G(\d+(?:_\d+)*)(\.\d+(?:_\d+)*)?([eE][+-]?\d+)?")]
    private static partial Regex Number();

    [GeneratedRegex(@"\G[\p{L}_][\p{L}\p{Nd}_]*")]
    private static partial Regex Name();

    private bool AtClosing()
    {
        if (string.CompareOrdinal(source, at, closing, 0, 2) == 0)
            return true;
        if (source[at] is not ('-' or '+') || string.CompareOrdinal(source, at + 1, closing, 0, 2) != 0)
            return false;
        Sign = source[at++];
        return true;
    }

    private void SkipBlanks()
    {
        for (; at < source.Length && char.IsWhiteSpace(source[at]); at++)
        {
            if (source[at] == '\n')
                line++;
        }
    }

    private void Next()
    {
        if (source[at] is '\'' or '"')
            Text();
        else if (Number().Match(source, at) is { Success: true } number)
            Add(number.Groups[2].Success || number.Groups[3].Success ? TokenKind.Float : TokenKind.Integer, number.Value);
        else if (Name().Match(source, at) is { Success: true } name)
            Add(TokenKind.Name, name.Value);
        else
            Operator();
    }

    private void Text()
    {
        var end = at + 1;
        while (end < source.Length && source[end] != source[at])
            end += source[end] == '\\' ? 2 : 1;
        if (end >= source.Length)
            throw new TemplateError("this text is not closed.", line);
        tokens.Add(new Token(TokenKind.Text, TextEscapes.Read(source[(at + 1)..end], line), line));
        line += source.AsSpan(at, end - at).Count('\n');
        at = end + 1;
    }

    private void Operator()
    {
        var symbol = Operators.FirstOrDefault(candidate => string.CompareOrdinal(source, at, candidate, 0, candidate.Length) == 0)
            ?? throw new TemplateError($"the character '{source[at]}' has no meaning here.", line);
        if (symbol[0] is '(' or '[' or '{')
            open.Push(symbol[0]);
        else if (symbol[0] is ')' or ']' or '}')
            Close(symbol[0]);
        Add(TokenKind.Operator, symbol);
    }

    private void Close(char symbol)
    {
        var opening = symbol switch { ')' => '(', ']' => '[', _ => '{' };
        if (open.Count == 0 || open.Pop() != opening)
            throw new TemplateError($"this '{symbol}' closes nothing.", line);
    }

    private void Add(TokenKind kind, string text)
    {
        tokens.Add(new Token(kind, text, line));
        at += text.Length;
    }
}
