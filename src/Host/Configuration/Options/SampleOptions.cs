using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>What a run shows of its answers.</summary>
[Options]
internal sealed record SampleOptions
{
    /// <summary>Whether to print a few generated answers at the end.</summary>
    [Key("generate_samples", Default = "false", Summary = "Print a few generated answers to evaluation prompts at the end.")]
    public bool Samples { get; init; }

    /// <summary>Whether to measure answers before and after training.</summary>
    [Key("eval_exact_match", Default = "false", Summary = "Before and after training, measure how many evaluation prompts are answered exactly (greedy).")]
    public bool ExactMatch { get; init; }
}
