using System.Collections;

namespace Neoteny.Host.Configuration;

/// <summary>Writes the values that a run would use, with the origin of each, as a YAML file that can be run again.</summary>
internal static class EffectiveValues
{
    public static void Write(RunContext run, TextWriter output)
    {
        var records = run.AllOptions.ToDictionary(o => o.GetType().FullName!);
        foreach (var owner in run.Keys.Owners)
        {
            var options = owner.Options.Where(o => records.ContainsKey(o.TypeName)).ToList();
            var lines = options.SelectMany(o => o.Owned.Select(k => Line(run, k, records[o.TypeName]))).ToList();
            if (lines.Count == 0)
                continue;
            output.WriteLine($"# {owner.Name}");
            var width = Math.Min(60, lines.Max(l => l.Text.Length));
            foreach (var (text, origin) in lines)
                output.WriteLine($"{text.PadRight(width)}  # {origin}");
        }
    }

    private static (string Text, string Origin) Line(RunContext run, KeyInfo key, object record)
    {
        if (key.Name == LossWishes.Key)
            return ($"{key.Name}: {Quote(run.Loss.Name)}", run.Loss.Origin);
        var value = record.GetType().GetProperty(key.Property)!.GetValue(record);
        var entry = key.Spellings.Select(run.File.Root.Find).FirstOrDefault(e => e is not null);
        var text = Text(value, key.Shape);
        var fallback = key.Default is null || key.Default == text ? "default" : $"default: {key.Default}";
        // Written out, a default that yielded to the file would contradict it when the values are run again.
        return entry is null && value is true && Yielded(run, key)
            ? ($"# {key.Name}: {text}", $"{fallback}; yields to {LossWishes.Key}: {run.Loss.Name}")
            : ($"{key.Name}: {text}".TrimEnd(), entry?.Place.ToString() ?? fallback);
    }

    private static bool Yielded(RunContext run, KeyInfo key) => run.Plugins.Plugins
        .Where(p => p.Manifest.Keys.Contains(key))
        .SelectMany(p => p.Manifest.Provides)
        .Any(p => p.PointLabel == LossWishes.Key && key.Activates.Contains(p.Name) && p.Name != run.Loss.Name);

    private static string Text(object? value, KeyShape shape) => (value, shape) switch
    {
        (null, _) => "",
        (bool boolean, _) => boolean ? "true" : "false",
        (double number, _) => ScalarText.Write(number),
        (Enum member, ChoiceShape choice) => choice.Choices.First(c => c.Value == Convert.ToInt64(member)).Text,
        (string text, _) => Quote(text),
        (IDictionary map, MapShape values) =>
            $"{{{string.Join(", ", map.Keys.Cast<string>().Select(k => $"{Quote(k)}: {Text(map[k], values.Value)}"))}}}",
        (IEnumerable items, ListShape list) => $"[{string.Join(", ", items.Cast<object?>().Select(i => Text(i, list.Item)))}]",
        (IDictionary map, AnyShape) => $"{{{string.Join(", ", map.Keys.Cast<string>().Select(k => $"{Quote(k)}: {Text(map[k], shape)}"))}}}",
        (IEnumerable items, AnyShape) => $"[{string.Join(", ", items.Cast<object?>().Select(i => Text(i, shape)))}]",
        (_, RecordShape record) => $"{{{string.Join(", ", Properties(value, record))}}}",
        _ => value.ToString()!,
    };

    private static IEnumerable<string> Properties(object record, RecordShape shape) =>
        from key in shape.Keys
        let text = Text(record.GetType().GetProperty(key.Property)!.GetValue(record), key.Shape)
        where text.Length > 0
        select $"{key.Name}: {text}";

    /// <summary>Quotes what YAML would read as something other than this text.</summary>
    private static string Quote(string text)
    {
        var isPlain = text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "_-./+".Contains(c)) && char.IsLetterOrDigit(text[0])
            && ScalarText.ToNumber(text) is null && ScalarText.ToBoolean(text) is null && text is not ("null" or "Null" or "NULL");
        return isPlain ? text : $"'{text.Replace("'", "''")}'";
    }
}
