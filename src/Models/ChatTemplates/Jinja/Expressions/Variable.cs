namespace Neoteny.Models.ChatTemplates.Jinja.Expressions;

/// <summary>A name.</summary>
internal sealed class Variable(string name, int line) : Expression(line)
{
    public string Name => name;

    protected override object? Compute(Scope scope) => scope[name];
}
