using System.Globalization;

namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>Spells nodes as CUDA C++, and collects their tables.</summary>
internal sealed class CudaText
{
    private readonly List<float[]> tables = [];

    /// <summary>The tables that the spelled nodes read.</summary>
    public string Tables => string.Concat(tables.Select((t, i) => $"__device__ const float flex_table_{i}[] = {{{string.Join(", ", t.Select(v => Number(v)))}}};\n"));

    /// <summary>One node.</summary>
    /// <param name="x">The node.</param>
    /// <param name="score">What the score is called.</param>
    public string Of(Node x, string score) => x switch
    {
        ConstantNode { Type: NodeType.Truth } c => c.Value == 0 ? "false" : "true",
        ConstantNode { Type: NodeType.Whole } c => ((int)c.Value).ToString(CultureInfo.InvariantCulture) is var n && c.Value < 0 ? $"({n})" : n,
        ConstantNode c => Number(c.Value),
        VariableNode v => v.Variable == Variable.Score ? score : v.Variable.ToString().ToLowerInvariant(),
        NegationNode n => $"({(n.Type == NodeType.Truth ? "!" : "-")}{Of(n.Operand, score)})",
        BinaryNode { Operator: "%", Type: NodeType.Real } b => $"fmodf({Of(b.Left, score)}, {Of(b.Right, score)})",
        BinaryNode b => $"({Of(b.Left, score)} {b.Operator} {Of(b.Right, score)})",
        CallNode c => $"{(c.Type == NodeType.Whole ? c.Function.CudaWhole : c.Function.Cuda)}({string.Join(", ", c.Arguments.Select(a => Of(a, score)))})",
        ChoiceNode c => $"({Of(c.Condition, score)} ? {Of(c.Then, score)} : {Of(c.Otherwise, score)})",
        LookupNode l => $"flex_table_{Table(l.Table)}[{Of(l.Index, score)}]",
        ConversionNode c => $"(({(c.Type == NodeType.Whole ? "int" : "float")}){Of(c.Operand, score)})",
        _ => throw new ArgumentException($"{x.GetType().Name} cannot be spelled.", nameof(x)),
    };

    private static string Number(double value)
    {
        if (double.IsInfinity(value))
        {
            return value > 0 ? "__int_as_float(0x7f800000)" : "(-__int_as_float(0x7f800000))";
        }

        var text = ((float)value).ToString("R", CultureInfo.InvariantCulture);
        var real = text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0";
        return value < 0 ? $"({real}f)" : real + "f";
    }

    private int Table(float[] table)
    {
        var known = tables.FindIndex(t => t.AsSpan().SequenceEqual(table));
        if (known < 0)
        {
            tables.Add(table);
        }

        return known < 0 ? tables.Count - 1 : known;
    }
}
