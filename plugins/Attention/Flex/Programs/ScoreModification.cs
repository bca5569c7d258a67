using System.Linq.Expressions;
using Neoteny.Plugins.Flex.Expressions;

namespace Neoteny.Plugins.Flex;

/// <summary>Turns each score into another one before the softmax. Its derivative by the score is found symbolically.</summary>
public sealed class ScoreModification
{
    private readonly Func<float[], Node> read;

    private ScoreModification(Func<float[], Node> read) => this.read = read;

    /// <summary>A modification from a C# expression, such as <c>x => x.Score - 0.1f * (x.Query - x.Key)</c>.</summary>
    /// <param name="program">Arithmetic, comparisons, conditions, casts, functions of <see cref="MathF"/>, captured numbers and elements of captured <c>float[]</c>; computed in fp32.</param>
    /// <exception cref="InputException">A part of it has no counterpart on a device.</exception>
    public static ScoreModification Of(Expression<Func<ScoreContext, float>> program)
    {
        var node = ExpressionReader.Read(program);
        return new ScoreModification(_ => node);
    }

    /// <summary>A modification by name (<c>alibi</c>, <c>softcap(50)</c>) or as a text in C#'s syntax (<c>score - 0.1f * (q - k)</c>).</summary>
    /// <param name="text">The name or the text. Known are <c>score</c>, <c>q</c>, <c>k</c>, <c>head</c>, <c>document</c>, <c>length</c> and <c>slope[head]</c>, ALiBi's slopes.</param>
    /// <exception cref="InputException">It is neither; the message has the column and what is known.</exception>
    public static ScoreModification Parse(string text)
    {
        var program = BuiltIns.Score(text) ?? text;
        Read(program, [1]);
        return new ScoreModification(slopes => Read(program, slopes));
    }

    internal Node For(int heads) => read(BuiltIns.Slopes(heads));

    private static Node Read(string text, float[] slopes)
    {
        var node = TextParser.Parse(text, slopes);
        return node.Type != NodeType.Truth ? Build.AsReal(node) : throw new InputException($"\"{text}\" is a condition; a score modification yields a number. Write it as a mask.");
    }
}
