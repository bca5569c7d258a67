using System.Text.Json;

namespace Neoteny.Host.Doctor;

/// <summary>What <c>neoteny doctor</c> found.</summary>
/// <param name="Findings">Facts, in the order in which they are shown.</param>
/// <param name="Checks">What was tried.</param>
internal sealed record DoctorReport(IReadOnlyList<Finding> Findings, IReadOnlyList<CheckResult> Checks)
{
    /// <summary>Whether nothing failed.</summary>
    public bool IsHealthy => Checks.All(c => c.State != CheckState.Failed);

    /// <summary>As aligned lines.</summary>
    public void WriteText(TextWriter output)
    {
        var width = Findings.Max(f => f.Name.Length);
        foreach (var topic in Findings.GroupBy(f => f.Topic))
        {
            output.WriteLine(topic.Key);
            foreach (var finding in topic)
                output.WriteLine($"  {finding.Name.PadRight(width)}  {finding.Value}");
        }

        output.WriteLine("checks");
        foreach (var check in Checks)
            output.WriteLine($"  {check.State.ToString().ToLowerInvariant(),-7}  {check.Name}{(check.Detail.Length > 0 ? $": {check.Detail}" : "")}");
        output.WriteLine(IsHealthy ? "Everything that this machine can do works." : "Something does not work: see the failed checks above.");
    }

    /// <summary>As one JSON object: <c>healthy</c>, <c>findings</c> by topic and name, <c>checks</c> with name, state and detail.</summary>
    public void WriteJson(TextWriter output)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteBoolean("healthy", IsHealthy);
            json.WriteStartObject("findings");
            foreach (var topic in Findings.GroupBy(f => f.Topic))
            {
                json.WriteStartObject(topic.Key);
                foreach (var finding in topic)
                    json.WriteString(finding.Name, finding.Value);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartArray("checks");
            foreach (var check in Checks)
            {
                json.WriteStartObject();
                json.WriteString("name", check.Name);
                json.WriteString("state", check.State.ToString().ToLowerInvariant());
                json.WriteString("detail", check.Detail);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
