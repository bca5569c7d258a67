namespace Neoteny.Models.ChatTemplates.Jinja.Statements;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    /// <summary>On to the next.</summary>
    Next,

    /// <summary>Out of the loop.</summary>
    Break,

    /// <summary>To the next item of the loop.</summary>
    Continue,
}

/// <summary>A node that does something.</summary>
internal abstract class Statement(int line)
{
    public int Line => line;

    public Flow Execute(Scope scope)
    {
        scope.Evaluation.Step(line);
        return Run(scope);
    }

    protected abstract Flow Run(Scope scope);
}
