using System.Linq.Expressions;
using Neoteny.Plugins.Flex.Expressions;

namespace Neoteny.Plugins.Flex;

/// <summary>Says which keys a query sees, within what documents and the layer's window allow.</summary>
public sealed class MaskModification
{
    private MaskModification(Node program, bool liftsCausal) => (Program, LiftsCausal) = (program, liftsCausal);

    /// <summary>Whether the layer's causal diagonal is lifted, so that this mask alone decides about later keys.</summary>
    public bool LiftsCausal { get; }

    internal Node Program { get; }

    /// <summary>A mask from a C# expression, such as <c>x => x.Key % 4 == 0 || x.Query - x.Key &lt; 128</c>.</summary>
    /// <param name="program">True where the query sees the key; what it may contain is said at <see cref="ScoreModification.Of"/>.</param>
    /// <param name="liftsCausal">Whether it stands in for the layer's causal diagonal instead of being joined with it.</param>
    /// <exception cref="InputException">A part of it has no counterpart on a device.</exception>
    public static MaskModification Of(Expression<Func<MaskContext, bool>> program, bool liftsCausal = false) => new(ExpressionReader.Read(program), liftsCausal);

    /// <summary>A mask by name (<c>causal</c>, <c>full</c>, <c>document</c>, <c>sliding_window(1024)</c>, <c>prefix_lm(256)</c>) or as a text in C#'s syntax (<c>q - k &lt; 128</c>).</summary>
    /// <param name="text">The name or the text. Known are <c>q</c>, <c>k</c>, <c>head</c>, <c>document</c>, <c>length</c>. <c>full</c> and <c>prefix_lm</c> lift the causal diagonal.</param>
    /// <exception cref="InputException">It is neither; the message has the column and what is known.</exception>
    public static MaskModification Parse(string text)
    {
        var (program, lifts) = BuiltIns.Mask(text) ?? (text, false);
        var node = TextParser.Parse(program, [1]);
        return node.Type != NodeType.Truth ? throw new InputException($"\"{text}\" is a number; a mask yields a condition. Write it as a score modification, or compare it.")
            : node.Reads(Variable.Score) ? throw new InputException($"\"{text}\" reads the score; a mask is known before the scores are. Write a score modification.")
            : new MaskModification(node, lifts);
    }
}
