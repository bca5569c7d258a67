using Neoteny.Configuration;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Host.Configuration;

/// <summary>Which chat template.</summary>
[Options]
internal sealed record ChatOptions : IValidated
{
    private const string OwnTemplate = "tokenizer_default";
    private const string FallbackPrefix = OwnTemplate + "_fallback_";

    /// <summary>The template by name; <c>tokenizer_default_fallback_chatml</c> and the like name one for tokenizers without a template.</summary>
    [Key("chat_template", Default = "tokenizer_default", Summary = "tokenizer_default, tokenizer_default_fallback_<name>, jinja (with chat_template_jinja), or a template that ships: chatml, llama3 ...")]
    public string? Template { get; init; }

    /// <summary>The template as text.</summary>
    [Key("chat_template_jinja", Summary = "The text of a Jinja chat template.")]
    public string? Jinja { get; init; }

    /// <summary>Variables for the template.</summary>
    [Key("chat_template_kwargs", Summary = "Variables for the template, for instance enable_thinking: false.")]
    public IReadOnlyDictionary<string, object?> Variables { get; init; } = new Dictionary<string, object?>();

    /// <summary>Tokens that can end a turn.</summary>
    [Key("eot_tokens", Summary = "Tokens that end a turn beside the end-of-sequence token; unset, any special token that the template writes there.")]
    public IReadOnlyList<string> EndOfTurnTokens { get; init; } = [];

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Template is "jinja" && Jinja is null)
        {
            problems.Add(nameof(Template), "is jinja, but chat_template_jinja is missing. Give the template's text there.");
        }

        if (Jinja is not null && Template is not (null or "jinja"))
        {
            problems.Add(nameof(Jinja), $"cannot be combined with chat_template: {Template}. Keep one of the two.");
        }

        if (Template is not (null or "jinja" or OwnTemplate) && !ChatTemplate.Names.Contains(Fallback ?? Template))
        {
            problems.Add(nameof(Template), $"'{Template}' is not known. Known: tokenizer_default, tokenizer_default_fallback_<name>, jinja, {string.Join(", ", ChatTemplate.Names)}.");
        }
    }

    /// <summary>The template of a run; null where none is named and the tokenizer has none.</summary>
    public ChatTemplate? Choose(string tokenizerFolder, Tokenizer tokenizer)
    {
        if (Jinja is not null)
        {
            return ChatTemplate.Parse(Jinja).WithTokensOf(tokenizer).With(Variables);
        }

        if (Fallback is not null && ChatTemplate.Exists(tokenizerFolder))
        {
            return ChatTemplate.Load(tokenizerFolder).With(Variables);
        }

        if (Template is not (null or OwnTemplate))
        {
            return ChatTemplate.Named(Fallback ?? Template).WithTokensOf(tokenizer).With(Variables);
        }

        try
        {
            return ChatTemplate.Load(tokenizerFolder).With(Variables);
        }
        catch (InputException) when (Template is null && !ChatTemplate.Exists(tokenizerFolder))
        {
            return null;
        }
    }

    private string? Fallback => Template?.StartsWith(FallbackPrefix, StringComparison.Ordinal) == true ? Template[FallbackPrefix.Length..] : null;
}
