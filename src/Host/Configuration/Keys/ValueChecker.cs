namespace Neoteny.Host.Configuration;

/// <summary>Checks a value against the shape of its key and reports everything wrong in it, each part at its own place.</summary>
internal sealed class ValueChecker(ProblemList problems)
{
    /// <summary>Checks one value; <paramref name="path"/> names it in messages: <c>datasets[0].type</c>.</summary>
    public void Check(ConfigNode value, KeyInfo key, string path) => Check(value, key.Shape, key, path);

    private void Check(ConfigNode value, KeyShape shape, KeyInfo key, string path)
    {
        switch (shape)
        {
            case AnyShape:
                break;
            case ListShape list:
                CheckList(value, list, key, path);
                break;
            case MapShape map when value is MapNode node:
                foreach (var entry in node.Entries.Where(e => e.IsSet))
                    Check(entry.Value, map.Value, key, $"{path}.{entry.Key}");
                break;
            case RecordShape record when record.Expand(value) is { } node:
                CheckRecord(node, record, path);
                break;
            case TextShape or BooleanShape or IntegerShape or NumberShape or ChoiceShape when value is ScalarNode scalar:
                if (Fault(scalar.Text, shape, key) is { } fault)
                    problems.Add(value.Place, $"{path}: {fault}");
                break;
            default:
                problems.Add(value.Place, $"{path}: expected {shape.Description}, found {Describe(value)}");
                break;
        }
    }

    private void CheckList(ConfigNode value, ListShape list, KeyInfo key, string path)
    {
        if (value is not ListNode node)
        {
            Check(value, list.Item, key, path);
            return;
        }
        for (var i = 0; i < node.Items.Count; i++)
        {
            if (node.Items[i] is ScalarNode { IsUnset: true })
                problems.Add(node.Items[i].Place, $"{path}[{i}]: expected {list.Item.Description}, found nothing");
            else
                Check(node.Items[i], list.Item, key, $"{path}[{i}]");
        }
    }

    private void CheckRecord(MapNode node, RecordShape record, string path)
    {
        var known = record.Keys.SelectMany(k => k.Spellings.Select(s => (s, k))).ToDictionary(p => p.s, p => p.k);
        foreach (var entry in node.Entries)
        {
            if (!known.TryGetValue(entry.Key, out var key))
                problems.Add(entry.Place, $"{path}: unknown key '{entry.Key}'; {Hint(entry.Key, known.Keys)}");
            else if (entry.IsSet)
                Check(entry.Value, key, $"{path}.{entry.Key}");
        }
        foreach (var key in record.Keys.Where(k => k.Required && !k.Spellings.Any(s => node.Find(s) is not null)))
            problems.Add(node.Place, $"{path}: missing key '{key.Name}'");
    }

    private static string Hint(string key, ICollection<string> known) =>
        Nearest.To(key, known) is { } nearest ? $"did you mean '{nearest}'?" : $"known here: {string.Join(", ", known)}";

    private static string? Fault(string text, KeyShape shape, KeyInfo key)
    {
        var expected = $"expected {shape.Description}, found '{text}'";
        switch (shape)
        {
            case BooleanShape:
                return ScalarText.ToBoolean(text) is null ? expected : null;
            case IntegerShape integer:
                if (ScalarText.ToInteger(text) is not { } whole)
                    return expected;
                return !integer.IsLong && whole is > int.MaxValue or < int.MinValue ? $"{text} is too large" : OutOfRange(whole, key);
            case NumberShape:
                return ScalarText.ToNumber(text) is { } number ? OutOfRange(number, key) : expected;
            case ChoiceShape choice:
                return ChoiceText.Find(choice, text) is null ? NotOneOf(text, choice.Choices.Select(c => c.Text)) : null;
            default:
                return key.Allowed.Count == 0 || ChoiceText.Find(key.Allowed, text) is not null ? null : NotOneOf(text, key.Allowed);
        }
    }

    private static string? OutOfRange(double number, KeyInfo key)
    {
        if (number >= key.Minimum && number <= key.Maximum)
            return null;
        var (low, high) = (ScalarText.Write(key.Minimum), ScalarText.Write(key.Maximum));
        var range = double.IsInfinity(key.Maximum) ? $"at least {low}" : double.IsInfinity(key.Minimum) ? $"at most {high}" : $"from {low} to {high}";
        return $"must be {range}, not {ScalarText.Write(number)}";
    }

    private static string NotOneOf(string text, IEnumerable<string> allowed)
    {
        var texts = allowed.ToList();
        var hint = Nearest.To(text, texts) is { } nearest ? $"; did you mean '{nearest}'?" : "";
        return $"'{text}' is not one of {string.Join(", ", texts)}{hint}";
    }

    private static string Describe(ConfigNode node) => node switch
    {
        ScalarNode scalar => $"'{scalar.Text}'",
        ListNode => "a list",
        _ => "a mapping",
    };
}
