using System.Globalization;
using System.Text;
using System.Text.Json;
using Neoteny.Conformance;

namespace Neoteny.Host.Conformance;

/// <summary>Writes what the checks found: as text, or as JSON for machines.</summary>
internal static class TestReport
{
    /// <summary>Writes aligned lines, a table for each extension and a summary.</summary>
    public static void WriteText(IReadOnlyList<TestedSuite> suites, TimeSpan elapsed, TextWriter output)
    {
        var width = suites.SelectMany(s => s.Results).Select(r => r.Name.Length).DefaultIfEmpty(0).Max();
        foreach (var suite in suites)
        {
            output.WriteLine(suite.Title);
            foreach (var result in suite.Results)
            {
                WriteLine(result, width, output);
            }

            output.WriteLine();
        }

        var all = suites.SelectMany(s => s.Results).ToList();
        int Count(CheckStatus status) => all.Count(r => r.Status == status);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{all.Count} checks in {elapsed.TotalSeconds:f1} s: {Count(CheckStatus.Passed)} passed, {Count(CheckStatus.Failed)} failed, {Count(CheckStatus.Skipped)} skipped."));
    }

    /// <summary>Writes an array with an object for each check.</summary>
    public static void WriteJson(IReadOnlyList<TestedSuite> suites, TextWriter output)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var (suite, result) in suites.SelectMany(s => s.Results.Select(r => (s, r))))
            {
                Write(json, suite.Title, result);
            }

            json.WriteEndArray();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void WriteLine(CheckResult result, int width, TextWriter output)
    {
        var status = result.Status switch { CheckStatus.Passed => "passed ", CheckStatus.Skipped => "skipped", _ => "FAILED " };
        var cases = result.Cases > 0 ? $"{result.Cases} cases" : "";
        var worst = result.WorstRatio is { } ratio ? string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:f0} % of the tolerance") : "";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {status}  {result.Name.PadRight(width)}  {cases,10}  {worst,24}  {result.Elapsed.TotalSeconds,6:f2} s").TrimEnd());
        if (result.Reason is { } reason)
        {
            output.WriteLine($"           {reason}");
        }

        foreach (var failure in result.Failures)
        {
            output.WriteLine($"           {failure}");
        }

        // What nearly failed is worth a line too.
        if (result is { Status: CheckStatus.Passed, WorstRatio: > 0.5, Worst: { } near })
        {
            output.WriteLine($"           nearest: {near}");
        }
    }

    private static void Write(Utf8JsonWriter json, string suite, CheckResult result)
    {
        json.WriteStartObject();
        json.WriteString("suite", suite);
        json.WriteString("check", result.Name);
        json.WriteString("status", result.Status.ToString().ToLowerInvariant());
        json.WriteString("reason", result.Reason);
        json.WriteNumber("cases", result.Cases);
        if (result.WorstRatio is { } ratio && double.IsFinite(ratio))
        {
            json.WriteNumber("worst_of_tolerance", Math.Round(ratio, 4));
        }

        json.WriteString("worst", result.Worst);
        json.WriteNumber("seconds", Math.Round(result.Elapsed.TotalSeconds, 3));
        json.WriteStartArray("failures");
        foreach (var failure in result.Failures)
        {
            json.WriteStringValue(failure);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
