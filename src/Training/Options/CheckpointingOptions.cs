using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>Gradient checkpointing: activations are computed again in backward instead of being kept.</summary>
[Options]
public sealed record CheckpointingOptions : IValidated
{
    /// <summary>Whether each layer keeps only its input.</summary>
    [Key("gradient_checkpointing", Summary = "Keep only each layer's input and compute the rest again in backward.")]
    public bool Enabled { get; init; }

    /// <summary>Accepted for old files: there is one way to checkpoint here.</summary>
    [Key("gradient_checkpointing_kwargs", Summary = "Accepted: use_reentrant makes no difference here.")]
    public IReadOnlyDictionary<string, string> Arguments { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        foreach (var key in Arguments.Keys.Where(k => k != "use_reentrant"))
        {
            problems.Add(nameof(Arguments), $"has no argument '{key}'; there is use_reentrant, which makes no difference here.");
        }
    }
}
