using System.Text.RegularExpressions;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Cuts a template into tokens, with trim_blocks and lstrip_blocks on, as chat templates are rendered.</summary>
internal sealed partial class Lexer
{
    private readonly string source;
    private readonly List<Token> tokens = [];
    private int at;
    private int line = 1;
    private bool lineStarts = true;

    private Lexer(string source) => this.source = source;

    public static List<Token> Run(string template)
    {
        var source = template.ReplaceLineEndings("\n");
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new Lexer(source);
        lexer.Run();
        return lexer.tokens;
    }

    [GeneratedRegex(@"\G\{%([-+]?)\s*raw\s*(-?)%\}")]
    private static partial Regex RawBegin();

    [GeneratedRegex(@"\{%([-+]?)\s*endraw\s*([-+]?)%\}")]
    private static partial Regex RawEnd();

    private void Run()
    {
        while (at < source.Length)
        {
            var tag = NextTag();
            AddData(source[at..tag], tag);
            at = tag;
            if (at < source.Length)
                Tag();
        }

        tokens.Add(new Token(TokenKind.End, "", line));
    }

    private int NextTag()
    {
        for (var i = at; i + 1 < source.Length; i++)
        {
            i = source.IndexOf('{', i);
            if (i < 0 || i + 1 >= source.Length)
                break;
            if (source[i + 1] is '{' or '%' or '#')
                return i;
        }

        return source.Length;
    }

    /// <summary>Adds text that stands before the tag at <paramref name="tag"/>, without the blanks that the tag removes.</summary>
    private void AddData(string text, int tag)
    {
        var sign = tag + 2 < source.Length ? source[tag + 2] : ' ';
        var kept = tag >= source.Length ? text : BeforeTag(text, sign, output: source[tag + 1] == '{');
        if (kept.Length > 0)
            tokens.Add(new Token(TokenKind.Data, kept, line));
        Count(text);
    }

    private string BeforeTag(string text, char sign, bool output)
    {
        if (sign == '-')
            return text.TrimEnd();
        var start = text.LastIndexOf('\n') + 1;
        return !output && sign != '+' && (start > 0 || lineStarts) && text.AsSpan(start).IsWhiteSpace() ? text[..start] : text;
    }

    private void Tag()
    {
        switch (source[at + 1])
        {
            case '#':
                Comment();
                break;
            case '%' when RawBegin().Match(source, at) is { Success: true } raw:
                Raw(raw);
                break;
            case var kind:
                Code(kind == '{' ? "}}" : "%}");
                break;
        }
    }

    private void Comment()
    {
        var end = source.IndexOf("#}", at + 2, StringComparison.Ordinal);
        if (end < 0)
            throw new TemplateError("this comment is not closed with '#}'.", line);
        Count(source[at..end]);
        at = end;
        Close(source[end - 1], trims: true);
    }

    private void Raw(Match begin)
    {
        var end = RawEnd().Match(source, begin.Index + begin.Length);
        if (!end.Success)
            throw new TemplateError("this raw block is not closed with '{% endraw %}'.", line);
        var text = source[(begin.Index + begin.Length)..end.Index];
        lineStarts = false;
        var kept = begin.Groups[2].Value == "-" ? text.TrimStart() : text;
        kept = BeforeTag(kept, end.Groups[1].Value is [var sign] ? sign : ' ', output: false);
        tokens.Add(new Token(TokenKind.Data, kept, line));
        Count(source[begin.Index..end.Index]);
        at = end.Index + end.Length - 2;
        Close(source[at - 1], trims: true);
    }

    private void Code(string closing)
    {
        var output = closing == "}}";
        tokens.Add(new Token(output ? TokenKind.OutputBegin : TokenKind.BlockBegin, source.Substring(at, 2), line));
        at += 2;
        if (at < source.Length && source[at] is '-' or '+')
            at++;
        var scanner = new ExpressionScanner(source, at, line, closing, tokens);
        (at, line) = scanner.Run();
        tokens.Add(new Token(output ? TokenKind.OutputEnd : TokenKind.BlockEnd, closing, line));
        Close(scanner.Sign, trims: !output);
    }

    /// <summary>Steps over a closing of two characters and over the blanks behind it that its sign or trim_blocks remove.</summary>
    private void Close(char sign, bool trims)
    {
        at += 2;
        var start = at;
        if (sign == '-')
            at += source.Length - at - source.AsSpan(at).TrimStart().Length;
        else if (trims && sign != '+' && at < source.Length && source[at] == '\n')
            at++;
        Count(source[start..at]);
        lineStarts = at > start && source[at - 1] == '\n';
    }

    private void Count(string text) => line += text.AsSpan().Count('\n');
}
