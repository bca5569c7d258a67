using Neoteny.Models.ChatTemplates.Jinja;
using Neoteny.Models.ChatTemplates.Jinja.Builtins;
using Neoteny.Models.ChatTemplates.Jinja.Statements;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Models.ChatTemplates;

/// <summary>Writes a conversation as the text that a model was, or will be, trained on.</summary>
/// <remarks>
/// Runs the part of Jinja that published chat templates use, with <c>trim_blocks</c> and <c>lstrip_blocks</c> on. A template is not
/// trusted: its steps, texts and nesting are bounded. Immutable; safe to use from several threads.
/// </remarks>
public sealed class ChatTemplate
{
    private const int LongestTemplate = 1 << 20;
    private readonly string name;
    private readonly Block body;
    private readonly IReadOnlyDictionary<string, object?> variables;
    private TimeProvider clock = TimeProvider.System;

    private ChatTemplate(string name, string source, Block body, IReadOnlyDictionary<string, object?> variables)
    {
        this.name = name;
        this.body = body;
        this.variables = variables;
        Source = source;
    }

    /// <summary>The template as it was given.</summary>
    public string Source { get; }

    /// <summary>Names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> Names => NamedTemplates.Names;

    /// <summary>Whether a tokenizer folder brings a template.</summary>
    public static bool Exists(string tokenizerFolder) => TemplateFiles.Seek(tokenizerFolder) is not null;

    /// <summary>The template of a tokenizer folder: chat_template.jinja, or <c>chat_template</c> in tokenizer_config.json.</summary>
    /// <remarks>The folder's special tokens are known to it by their roles: <c>bos_token</c>, <c>eos_token</c> and the like, and those of <c>extra_special_tokens</c>.</remarks>
    /// <exception cref="InputException">The folder has no template, or one that is malformed.</exception>
    public static ChatTemplate Load(string tokenizerFolder)
    {
        var (place, source) = TemplateFiles.Find(tokenizerFolder);
        return Parse(source, place, TemplateFiles.SpecialTokens(tokenizerFolder));
    }

    /// <summary>One of the templates that ship with the product.</summary>
    /// <exception cref="InputException">There is none of this name; the message lists those there are.</exception>
    public static ChatTemplate Named(string name) => Parse(NamedTemplates.Read(name), $"chat template '{name}'", NoVariables);

    /// <summary>A template given as text.</summary>
    /// <exception cref="InputException">It is malformed; the message names the line.</exception>
    public static ChatTemplate Parse(string jinja) => Parse(jinja, "chat template", NoVariables);

    /// <summary>The same template with the special tokens of <paramref name="tokenizer"/>.</summary>
    public ChatTemplate WithTokensOf(Tokenizer tokenizer) => With(tokenizer.TokensByRole.Select(pair => KeyValuePair.Create(pair.Key, (object?)pair.Value)));

    /// <summary>The same template with further variables, which win over those that it has.</summary>
    public ChatTemplate With(IEnumerable<KeyValuePair<string, object?>> further)
    {
        var merged = new Dictionary<string, object?>(variables);
        foreach (var (key, value) in further)
            merged[key] = value;
        return new ChatTemplate(name, Source, body, merged) { clock = clock };
    }

    /// <summary>The same template with the time, which <c>strftime_now</c> writes, taken from <paramref name="source"/>.</summary>
    public ChatTemplate At(TimeProvider source) => new(name, Source, body, variables) { clock = source };

    /// <summary>Writes a conversation.</summary>
    /// <param name="messages">The turns in order.</param>
    /// <param name="addGenerationPrompt">Whether the header of the assistant's next turn follows.</param>
    /// <exception cref="InputException">The template refuses the conversation, or fails; the message names its line.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var evaluation = new Evaluation();
        try
        {
            var scope = new Scope(evaluation, null) { ["tools"] = null, ["documents"] = null };
            foreach (var function in Globals.All(clock))
                scope[function.Name] = function;
            foreach (var (key, value) in variables)
                scope[key] = Conversion.From(value);
            scope["messages"] = messages.Select(Convert).ToList();
            scope["add_generation_prompt"] = addGenerationPrompt;
            body.Execute(scope.Inner());
            return evaluation.Output;
        }
        catch (TemplateError error)
        {
            throw new InputException($"{name}, line {evaluation.Line}: {error.Message}", error);
        }
    }

    private static readonly Dictionary<string, object?> NoVariables = [];

    private static ChatTemplate Parse(string jinja, string name, IReadOnlyDictionary<string, object?> variables)
    {
        if (jinja.Length > LongestTemplate)
            throw new InputException($"{name}: {jinja.Length} characters are more than a chat template can have ({LongestTemplate}).");
        try
        {
            return new ChatTemplate(name, jinja, TemplateParser.Parse(jinja), variables);
        }
        catch (TemplateError error)
        {
            throw new InputException($"{name}, line {error.Line}: {error.Message}", error);
        }
    }

    private static object? Convert(ChatMessage message)
    {
        var map = new JinjaDictionary { ["role"] = message.Role, ["content"] = message.Content };
        foreach (var (key, value) in message.Fields)
            map[key] = Conversion.From(value);
        return map;
    }
}
