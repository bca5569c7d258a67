namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Walks over tokens.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private int at;

    public Token Current => tokens[at];

    public Token Ahead => tokens[Math.Min(at + 1, tokens.Count - 1)];

    public Token Next() => Current.Kind == TokenKind.End ? Current : tokens[at++];

    public bool Skip(string symbol)
    {
        if (!Current.Is(symbol))
            return false;
        at++;
        return true;
    }

    public bool SkipName(string name)
    {
        if (!Current.IsName(name))
            return false;
        at++;
        return true;
    }

    public void Expect(string symbol)
    {
        if (!Skip(symbol))
            throw Unexpected($"'{symbol}'");
    }

    public Token Expect(TokenKind kind, string words) => Current.Kind == kind ? Next() : throw Unexpected(words);

    public string ExpectName() => Expect(TokenKind.Name, "a name").Text;

    public TemplateError Unexpected(string expected) => new($"expected {expected}, found {Current}.", Current.Line);
}
