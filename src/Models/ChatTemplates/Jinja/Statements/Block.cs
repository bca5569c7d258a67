namespace Neoteny.Models.ChatTemplates.Jinja.Statements;

/// <summary>Statements in order.</summary>
internal sealed class Block(IReadOnlyList<Statement> statements, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        foreach (var statement in statements)
        {
            var flow = statement.Execute(scope);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }
}
