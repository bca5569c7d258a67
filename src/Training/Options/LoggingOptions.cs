using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>How often metrics are written.</summary>
[Options]
public sealed record LoggingOptions
{
    /// <summary>Steps between lines of <c>metrics.jsonl</c>.</summary>
    [Key("logging_steps", Minimum = 1, Summary = "Steps between lines of metrics.jsonl.", Default = "0.5 % of the steps, between 1 and 10")]
    public int? Steps { get; init; }
}
