using Neoteny.Configuration;

namespace Neoteny.Plugins.Flex;

/// <summary>The keys of flex attention.</summary>
[Options]
public sealed record FlexOptions : IValidated
{
    private const string Name = "flex_attention";

    /// <summary>The kernel that the run names; owned by the host.</summary>
    [Reads("attn_implementation")]
    public string? Implementation { get; init; }

    /// <summary>The older switch; owned by the host.</summary>
    [Reads("flex_attention")]
    public bool? Switch { get; init; }

    /// <summary>Masks, all of which must hold.</summary>
    [Key("flex_attention_mask", Summary = "Masks that must all hold, beside documents and the layer's own: causal, full, document, sliding_window(n), prefix_lm(n), or conditions as in C# over q, k, head, document, length: \"q - k < 128\".")]
    public IReadOnlyList<string> Masks { get; init; } = [];

    /// <summary>Score modifications, in order.</summary>
    [Key("flex_attention_score", Summary = "Score modifications, one after the other: alibi, softcap(x), or formulas as in C# over score, q, k, head, document, length, slope[head]: \"score - 0.1f * (q - k)\".")]
    public IReadOnlyList<string> Scores { get; init; } = [];

    /// <summary>Settings of torch.compile, which plays no part here.</summary>
    [Key("flex_attn_compile_kwargs", Summary = "Accepted and ignored: kernels are generated, not traced by torch.compile.")]
    public IReadOnlyDictionary<string, object> CompileSettings { get; init; } = new Dictionary<string, object>();

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        Check(problems, nameof(Masks), Masks, t => MaskModification.Parse(t));
        Check(problems, nameof(Scores), Scores, t => ScoreModification.Parse(t));
        if (CompileSettings.Count > 0)
        {
            problems.Warn(nameof(CompileSettings), "is ignored: the kernels are generated, not traced by torch.compile. Remove it.");
        }
    }

    internal FlexProgram Program() => new() { Masks = [.. Masks.Select(MaskModification.Parse)], Scores = [.. Scores.Select(ScoreModification.Parse)] };

    private void Check(IProblems problems, string property, IReadOnlyList<string> texts, Action<string> parse)
    {
        foreach (var text in texts)
        {
            try
            {
                parse(text);
            }
            catch (InputException e)
            {
                problems.Add(property, $"cannot be read: {e.Message}");
            }
        }

        if (texts.Count > 0 && Implementation is not (Name or "flex") && Switch != true)
        {
            problems.Add(property, $"has no effect: only {Name} reads it. Write attn_implementation: {Name}, or remove the key.");
        }
    }
}
