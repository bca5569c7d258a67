using System.Globalization;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>JSON as Python's <c>json.dumps</c> writes it: blanks behind commas and colons, no escapes beyond ASCII unless asked for.</summary>
internal sealed class JsonWriter(Evaluation evaluation, string? indent, string itemSeparator, string keySeparator, bool ascii, bool sorts)
{
    private readonly StringBuilder output = new();

    public string Write(object? value)
    {
        Value(value, 0);
        return output.ToString();
    }

    private void Value(object? value, int depth)
    {
        evaluation.Step();
        evaluation.Charge(1);
        switch (value)
        {
            case null:
                output.Append("null");
                break;
            case bool flag:
                output.Append(flag ? "true" : "false");
                break;
            case long number:
                output.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                output.Append(Values.Float(number) switch { "nan" => "NaN", "inf" => "Infinity", "-inf" => "-Infinity", var text => text });
                break;
            case string text:
                Text(text);
                break;
            case List<object?> list:
                Group('[', ']', list, depth, item => Value(item, depth + 1));
                break;
            case JinjaDictionary map:
                var pairs = sorts ? map.Pairs.OrderBy(pair => pair.Key as string, StringComparer.Ordinal) : map.Pairs;
                Group('{', '}', [.. pairs], depth, pair => Member(pair, depth + 1));
                break;
            default:
                throw new TemplateError($"{Values.TypeName(value)} cannot be written as JSON.");
        }
    }

    private void Member(KeyValuePair<object?, object?> pair, int depth)
    {
        if (pair.Key is string key)
            Text(key);
        else
            Text(new JsonWriter(evaluation, null, itemSeparator, keySeparator, ascii, sorts).Write(pair.Key));
        output.Append(keySeparator);
        Value(pair.Value, depth);
    }

    private void Group<T>(char open, char close, List<T> items, int depth, Action<T> write)
    {
        output.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                output.Append(itemSeparator);
            NewLine(depth + 1);
            write(items[i]);
        }

        if (items.Count > 0)
            NewLine(depth);
        output.Append(close);
    }

    private void NewLine(int depth)
    {
        if (indent is null)
            return;
        evaluation.Charge(depth * indent.Length);
        output.Append('\n').Insert(output.Length, indent, depth);
    }

    private void Text(string text)
    {
        evaluation.Charge(text.Length);
        output.Append('"');
        foreach (var c in text)
        {
            output.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)c:x4}",
                > '~' when ascii => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        output.Append('"');
    }
}
