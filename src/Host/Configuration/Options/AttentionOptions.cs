using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Which attention kernel.</summary>
[Options]
internal sealed record AttentionOptions : IValidated
{
    private const string Legacy = "Older spelling of attn_implementation.";

    /// <summary>The kernel by name.</summary>
    [Key("attn_implementation", Default = "auto", Summary = "The attention kernel, by the name that a plugin provides; auto takes sdpa where it can run, else eager.")]
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

    /// <summary>The kernel asked for, whichever way; null leaves the choice to the host.</summary>
    public string? Name => Implementation is not null and not "auto" ? Implementation : Switches().Where(s => s.On).Select(s => s.Name).FirstOrDefault();

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        var on = Switches().Where(s => s.On).ToList();
        foreach (var (property, key, name, _) in on)
        {
            if (Implementation is not null)
            {
                problems.Add(property, $"cannot be combined with attn_implementation. Keep attn_implementation: {Implementation}.");
            }
            else if (on.Count > 1 && property != on[0].Property)
            {
                problems.Add(property, $"cannot be combined with {on[0].Key}: a run has one attention kernel. Write attn_implementation: {on[0].Name} or {name}.");
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

    private (string Property, string Key, string Name, bool On)[] Switches() =>
    [
        (nameof(Xformers), "xformers_attention", "xformers", Xformers == true),
        (nameof(Flex), "flex_attention", "flex_attention", Flex == true),
        (nameof(Flash), "flash_attention", "flash_attention_2", Flash == true),
        (nameof(Sdp), "sdp_attention", "sdpa", Sdp == true),
        (nameof(Eager), "eager_attention", "eager", Eager == true),
    ];
}
