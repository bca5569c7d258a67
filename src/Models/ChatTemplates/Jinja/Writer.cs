using System.Globalization;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Values as text: <c>str</c>, <c>repr</c> and JSON, spelled as Python spells them.</summary>
internal static class Writer
{
    public static string Text(object? value, Evaluation evaluation)
    {
        switch (value)
        {
            case string text:
                return text;
            case Undefined:
                return "";
            default:
                var output = new StringBuilder();
                Represent(value, output, evaluation);
                return output.ToString();
        }
    }

    public static string Representation(object? value, Evaluation evaluation)
    {
        var output = new StringBuilder();
        Represent(value, output, evaluation);
        return output.ToString();
    }

    private static void Represent(object? value, StringBuilder output, Evaluation evaluation)
    {
        evaluation.Step();
        evaluation.Charge(1);
        switch (value)
        {
            case null:
                output.Append("None");
                break;
            case bool flag:
                output.Append(flag ? "True" : "False");
                break;
            case long number:
                output.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                output.Append(Values.Float(number));
                break;
            case string text:
                evaluation.Charge(text.Length);
                Quote(text, output);
                break;
            case JinjaTuple tuple:
                Join("(", tuple, tuple.Count == 1 ? ",)" : ")", output, evaluation);
                break;
            case List<object?> list:
                Join("[", list, "]", output, evaluation);
                break;
            case JinjaDictionary map:
                Pairs(map, output, evaluation);
                break;
            case Undefined:
                output.Append("Undefined");
                break;
            default:
                throw new TemplateError($"{Values.TypeName(value)} cannot be written out.");
        }
    }

    private static void Join(string open, List<object?> items, string close, StringBuilder output, Evaluation evaluation)
    {
        output.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            output.Append(i == 0 ? "" : ", ");
            Represent(items[i], output, evaluation);
        }

        output.Append(close);
    }

    private static void Pairs(JinjaDictionary map, StringBuilder output, Evaluation evaluation)
    {
        output.Append('{');
        var separator = "";
        foreach (var (key, value) in map.Pairs)
        {
            output.Append(separator);
            Represent(key, output, evaluation);
            output.Append(": ");
            Represent(value, output, evaluation);
            separator = ", ";
        }

        output.Append('}');
    }

    private static void Quote(string text, StringBuilder output)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        output.Append(quote);
        foreach (var c in text)
        {
            output.Append(c switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when c == quote => "\\" + c,
                < ' ' or '\x7f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            });
        }

        output.Append(quote);
    }
}
