namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>What is wrong with a template or with its use; the line is known once it leaves the interpreter.</summary>
internal sealed class TemplateError(string message, int line = 0) : Exception(message)
{
    /// <summary>Line of the template from 1, or 0 where it is not known yet.</summary>
    public int Line { get; } = line;
}
