using System.Runtime.CompilerServices;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>One rendering: its output, its place in the template, and the work that it may still do.</summary>
/// <remarks>A template comes from whoever published a model, so loops, recursion, texts and output are all bounded.</remarks>
internal sealed class Evaluation
{
    private const long MostSteps = 5_000_000;
    private const long MostText = 64L << 20;
    private const int MostCalls = 200;
    private StringBuilder output = new();
    private long steps;
    private long text;
    private int calls;

    /// <summary>Line of the template that is at work.</summary>
    public int Line { get; set; } = 1;

    public string Output => output.ToString();

    /// <summary>Counts one evaluation at a line.</summary>
    public void Step(int line)
    {
        Line = line;
        Step();
    }

    public void Step()
    {
        if (++steps > MostSteps)
            throw new TemplateError($"the template ran for more than {MostSteps} steps. Look for a loop that multiplies.");
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateError("the template nests too deeply.");
    }

    /// <summary>Counts characters that a new text (or items that a new list) takes.</summary>
    public void Charge(long length)
    {
        text += length;
        if (text > MostText)
            throw new TemplateError($"the template made texts of more than {MostText} characters altogether. Look for a text that doubles.");
    }

    public string Charged(string made)
    {
        Charge(made.Length);
        return made;
    }

    public void Write(string made)
    {
        Charge(made.Length);
        output.Append(made);
    }

    /// <summary>Runs <paramref name="body"/> and returns what it wrote.</summary>
    public string Capture(Action body)
    {
        var outer = output;
        output = new StringBuilder();
        try
        {
            body();
            return output.ToString();
        }
        finally
        {
            output = outer;
        }
    }

    public void EnterCall()
    {
        if (++calls > MostCalls)
            throw new TemplateError($"macros call one another more than {MostCalls} deep.");
    }

    public void LeaveCall() => calls--;
}
