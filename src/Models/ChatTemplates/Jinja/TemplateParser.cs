using System.Runtime.CompilerServices;
using Neoteny.Models.ChatTemplates.Jinja.Expressions;
using Neoteny.Models.ChatTemplates.Jinja.Statements;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Parses a template into statements.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader reader;
    private readonly ExpressionParser expressions;
    private readonly TagParser tags;
    private int loops;

    private TemplateParser(List<Token> tokens)
    {
        reader = new TokenReader(tokens);
        expressions = new ExpressionParser(reader);
        tags = new TagParser(reader, expressions, this);
    }

    public static Block Parse(string template)
    {
        var parser = new TemplateParser(Lexer.Run(template));
        var body = parser.Body([], "the template");
        if (parser.reader.Current.Kind != TokenKind.End)
            throw new TemplateError($"{parser.reader.Ahead} closes nothing.", parser.reader.Current.Line);
        return body;
    }

    /// <summary>Statements up to a tag named in <paramref name="ends"/>, whose opening and name are left to read.</summary>
    public Block Body(string[] ends, string opened)
    {
        var start = reader.Current.Line;
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateError("the blocks nest too deeply.", start);
        var statements = new List<Statement>();
        while (true)
        {
            var token = reader.Current;
            switch (token.Kind)
            {
                case TokenKind.End when ends.Length == 0:
                    return new Block(statements, start);
                case TokenKind.End:
                    throw new TemplateError($"{opened} is not closed with '{ends[^1]}'.", start);
                case TokenKind.BlockBegin when ends.Contains(reader.Ahead.Text):
                case TokenKind.BlockBegin when reader.Ahead.Text.StartsWith("end", StringComparison.Ordinal) && ends.Length == 0:
                    return new Block(statements, start);
                default:
                    statements.Add(Statement(token));
                    break;
            }
        }
    }

    /// <summary>The body of a loop, in which <c>break</c> and <c>continue</c> may stand.</summary>
    public Block LoopBody(string[] ends, string opened)
    {
        loops++;
        var body = Body(ends, opened);
        loops--;
        return body;
    }

    public Flow InLoop(Flow flow, int line) =>
        loops > 0 ? flow : throw new TemplateError("'break' and 'continue' belong inside a for loop.", line);

    /// <summary>Reads the closing tag at hand.</summary>
    public void Close()
    {
        reader.Next();
        reader.Next();
        reader.Expect(TokenKind.BlockEnd, "'%}'");
    }

    private Statement Statement(Token token)
    {
        reader.Next();
        switch (token.Kind)
        {
            case TokenKind.Data:
                return new TextStatement(token.Text, token.Line);
            case TokenKind.OutputBegin:
                var value = expressions.ParseTuple();
                reader.Expect(TokenKind.OutputEnd, "'}}'");
                return new OutputStatement(value, token.Line);
            case TokenKind.BlockBegin:
                return tags.Parse(token.Line);
            default:
                throw new TemplateError($"{token} is out of place.", token.Line);
        }
    }
}
