using Neoteny.Configuration;

namespace Neoteny.Plugins.CCE;

/// <summary>The keys of cut cross-entropy.</summary>
[Options]
public sealed record CceOptions : IValidated
{
    private const double LargestHarmlessFilter = 1.0 / 4096;

    /// <summary>Whether the run's loss is this one.</summary>
    [Key("cut_cross_entropy", Default = "true", Activates = ["cut_cross_entropy"], Summary = "Use cut cross-entropy: head and loss in tiles, without all logits. False leaves the run's loss as it is.")]
    public bool IsActive { get; init; } = true;

    /// <summary>Skip blocks of the gradient whose entries are all smaller.</summary>
    [Key("cce_filter_eps", Minimum = 0, Maximum = 0.5, Default = "0", Summary = "Skip blocks of the logits' gradient whose entries are all below this; 0 computes everything. Needs cce_low_memory. The paper uses 2^-12.")]
    public double FilterThreshold { get; init; }

    /// <summary>Memory for logits, in MiB.</summary>
    [Key("cce_workspace_mb", Minimum = 16, Maximum = 65536, Default = "256", Summary = "Most memory for logits and partial head gradients at once, in MiB: more is faster. On the CPU 128 to 256 tokens at once are enough, if they fit.")]
    public int WorkspaceMegabytes { get; init; } = 256;

    /// <summary>Whether logits are computed twice instead of being kept for the gradient.</summary>
    [Key("cce_low_memory", Default = "false", Summary = "Compute logits twice where nothing holds them, so that the head's gradient needs no fp32 copy: up to a third more operations, about 1 GiB less for a head of 128256 x 4096 in bf16.")]
    public bool LowMemory { get; init; }

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (FilterThreshold > 0 && !LowMemory)
        {
            problems.Add(nameof(FilterThreshold), "has no effect: only the two passes of cce_low_memory know which blocks are small before they compute them. Add cce_low_memory: true, or remove the key.");
        }
        else if (FilterThreshold > LargestHarmlessFilter)
        {
            problems.Warn(nameof(FilterThreshold), $"is larger than 2^-12, which the paper found harmless: gradients of 16 bits keep more than that. Use {LargestHarmlessFilter:g3} or less.");
        }
    }
}
