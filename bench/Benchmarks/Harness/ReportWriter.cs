using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Neoteny.Benchmarks.Harness;

/// <summary>Prints a report, and writes it as Markdown and as JSON with every sample.</summary>
internal static class ReportWriter
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public static void Write(Report report, string name, string folder)
    {
        var machine = Machine.Read();
        var table = Table(report.Measurements);
        Console.Write(table);
        foreach (var note in report.Notes)
        {
            Console.WriteLine(note);
        }

        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{name}.md"), Markdown(report, machine, table));
        File.WriteAllText(Path.Combine(folder, $"{name}.json"), JsonSerializer.Serialize(new { machine, report }, Json) + "\n");
        Console.WriteLine($"Written to {Path.Combine(folder, name)}.md and .json");
    }

    private static string Markdown(Report report, Machine machine, string table)
    {
        var text = new StringBuilder().AppendLine($"# {report.Title}").AppendLine().AppendLine(report.Method).AppendLine().Append(table).AppendLine();
        foreach (var note in report.Notes)
        {
            text.AppendLine($"- {note}");
        }

        if (report.Notes.Count > 0)
        {
            text.AppendLine();
        }

        foreach (var (key, value) in machine.Facts())
        {
            text.AppendLine($"- {key}: {value}");
        }

        return text.ToString();
    }

    private static string Table(IReadOnlyList<Measurement> measurements)
    {
        string[][] rows =
        [
            ["what", "", "p20", "p50", "p80", "unit", "samples", "target"],
            .. measurements.Select(m => new[] { m.Group, m.Name, Number(m.P20), Number(m.P50), Number(m.P80), m.Unit, $"{m.Samples.Count}", m.Target ?? "" }),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(r => r[c].Length))];
        var lines = rows.Select(r => "| " + string.Join(" | ", r.Select((cell, c) => c is >= 2 and <= 4 ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c]))) + " |").ToList();
        lines.Insert(1, "| " + string.Join(" | ", widths.Select((w, c) => c is >= 2 and <= 4 ? new string('-', w - 1) + ":" : new string('-', Math.Max(w, 1)))) + " |");
        return string.Join(Environment.NewLine, lines) + Environment.NewLine;
    }

    private static string Number(double value) => value.ToString(
        Math.Abs(value) switch { >= 1000 => "n0", >= 100 => "f0", >= 10 => "f1", _ => "f2" }, CultureInfo.InvariantCulture);
}
