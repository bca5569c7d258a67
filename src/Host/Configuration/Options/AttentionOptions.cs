using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Which attention kernel.</summary>
[Options]
internal sealed record AttentionOptions : IValidated
{
    private const string Legacy = "Older spelling of attn_implementation.";

    /// <summary>The kernel by name.</summary>
    [Key("attn_implementation", Default = "auto", Summary = "The attention kernel, by the name that a plugin provides; auto picks by device, dtype, head sizes and what the model needs, and says why.")]
    public string? Implementation { get; init; }

    /// <summary>xFormers.</summary>
    [Key("xformers_attention", Summary = Legacy)]
    public bool? Xformers { get; init; }

    /// <summary>FlexAttention.</summary>
    [Key("flex_attention", Summary = Legacy)]
    public bool? Flex { get; init; }

    /// <summary>FlashAttention 2.</summary>
    [Key("flash_attention", Summary = Legacy)]
    public bool? Flash { get; init; }

    /// <summary>libtorch's kernels.</summary>
    [Key("sdp_attention", Summary = Legacy)]
    public bool? Sdp { get; init; }

    /// <summary>The plain reference.</summary>
    [Key("eager_attention", Summary = Legacy)]
    public bool? Eager { get; init; }

    /// <summary>The older switches, by the key, and the kernel that each stands for.</summary>
    public static IReadOnlyDictionary<string, string> Switches { get; } = new Dictionary<string, string>
    {
        ["xformers_attention"] = "xformers",
        ["flex_attention"] = "flex_attention",
        ["flash_attention"] = "flash_attention_2",
        ["sdp_attention"] = "sdpa",
        ["eager_attention"] = "eager",
    };

    /// <summary>The kernel asked for, whichever way; null leaves the choice to the host.</summary>
    public string? Name => Implementation is not null and not "auto" ? Implementation : On().Select(s => s.Name).FirstOrDefault();

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        var on = On().ToList();
        foreach (var (property, name) in on)
        {
            if (Implementation is not null)
            {
                problems.Add(property, $"cannot be combined with {problems.Where(nameof(Implementation))}: a run has one attention kernel. Keep attn_implementation: {Implementation}.");
            }
            else if (on.Count > 1 && property != on[0].Property)
            {
                problems.Add(property, $"cannot be combined with {problems.Where(on[0].Property)}: a run has one attention kernel. Write attn_implementation: {on[0].Name} or {name}.");
            }
            else
            {
                problems.Warn(property, $"is an older spelling; write attn_implementation: {name}.");
            }
        }

        if (Implementation is "flash" or "flex" or "sdp")
        {
            var full = Implementation switch { "flash" => "flash_attention_2", "flex" => "flex_attention", _ => "sdpa" };
            problems.Add(nameof(Implementation), $"'{Implementation}' is too short a name; write {full}.");
        }
    }

    private IEnumerable<(string Property, string Name)> On()
        => new[]
        {
            (Xformers, nameof(Xformers), "xformers_attention"), (Flex, nameof(Flex), "flex_attention"), (Flash, nameof(Flash), "flash_attention"),
            (Sdp, nameof(Sdp), "sdp_attention"), (Eager, nameof(Eager), "eager_attention"),
        }.Where(s => s.Item1 == true).Select(s => (s.Item2, Switches[s.Item3]));
}
