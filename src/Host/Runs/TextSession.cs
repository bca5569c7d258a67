using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Configuration;
using Neoteny.Models.Generation;

namespace Neoteny.Host.Runs;

/// <summary>A model that is ready to write text: weights, tokenizer, chat template, and how tokens are chosen.</summary>
internal sealed class TextSession : IDisposable
{
    private readonly ModelSession session;
    private readonly ChatTemplate? template;
    private readonly GenerationOptions options;
    private readonly int positions;
    private readonly ILogger log;
    private readonly PromptMemory conversation = new();

    private TextSession(ModelSession session, ChatTemplate? template, GenerationOptions options, int positions, ILogger log)
        => (this.session, this.template, this.options, this.positions, this.log) = (session, template, options, positions, log);

    /// <summary>Loads the model that a command line names.</summary>
    /// <param name="reference">The model.</param>
    /// <param name="run">Its configuration.</param>
    /// <param name="adjust">Applies the command line's settings to those that the model's makers recommend.</param>
    /// <param name="log">For loading.</param>
    /// <exception cref="InputException">Something is missing or does not fit, or a setting is out of its range.</exception>
    public static TextSession Open(ModelReference reference, RunContext run, Func<GenerationOptions, GenerationOptions> adjust, ILogger log)
    {
        var source = reference.Find(run, w => log.LogWarning("{Note}", w));
        var config = HuggingFaceConfig.Open(source.Folder);
        var options = adjust(GenerationOptions.From(GenerationConfig.Open(source.Folder, config)));
        options.Validate();
        var session = ModelSession.Open(run, log, source);
        try
        {
            var ends = session.Tokenizer.EosId is { } end ? options.EosTokenIds.Append(end).Distinct() : options.EosTokenIds;
            var template = run.Options<ChatOptions>().Choose(session.TokenizerFolder, session.Tokenizer);
            return new TextSession(session, template, options with { EosTokenIds = [.. ends] }, config.Integer("max_position_embeddings", 2048), log);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Continues a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="stop">Ends the generation between two tokens.</param>
    /// <returns>The new text in pieces, as it comes.</returns>
    /// <exception cref="InputException">The text is empty or leaves no room.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was signalled.</exception>
    public IEnumerable<string> Continue(string text, CancellationToken stop) => Write(session.Tokenizer.Encode(text, addSpecialTokens: true), null, stop);

    /// <summary>Answers the last turn of a conversation. Turns that an earlier answer has read are not read again.</summary>
    /// <inheritdoc cref="Continue"/>
    public IEnumerable<string> Answer(IReadOnlyList<ChatMessage> messages, CancellationToken stop)
        => Write(Framed(messages), options.UseCache ? conversation : null, stop);

    /// <summary>Continues several texts, or answers as many messages, together.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="chat">Whether each is a message that the chat template frames.</param>
    /// <param name="stop">Ends the generation between two tokens.</param>
    /// <returns>One result for each, in their order.</returns>
    /// <exception cref="InputException">A text is empty or leaves no room.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was signalled.</exception>
    public IReadOnlyList<GenerationResult> WriteAll(IReadOnlyList<string> texts, bool chat, CancellationToken stop)
    {
        var prompts = texts.Select(t => chat ? Framed([new ChatMessage("user", t)]) : session.Tokenizer.Encode(t, addSpecialTokens: true)).ToList();
        var limited = options with { MaxNewTokens = Math.Min(options.MaxNewTokens, prompts.Min(Room)) };
        return new TextGenerator(session.Model, session.Tokenizer).Generate(prompts, limited, stop);
    }

    /// <summary>Checks that the model can hold a conversation.</summary>
    /// <exception cref="InputException">It has no chat template.</exception>
    public void RequireTemplate()
    {
        if (template is null)
        {
            throw new InputException($"{session.Folder}: the tokenizer has no chat template. Use 'neoteny generate' without --chat, or a configuration with chat_template: "
                + $"{string.Join(", ", ChatTemplate.Names)}.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        conversation.Dispose();
        session.Dispose();
    }

    private int[] Framed(IReadOnlyList<ChatMessage> messages)
    {
        RequireTemplate();
        return session.Tokenizer.Encode(template!.Render(messages, addGenerationPrompt: true), addSpecialTokens: false);
    }

    private int Room(int[] prompt) => positions - prompt.Length is > 0 and var room
        ? room
        : throw new InputException($"The text has {prompt.Length} tokens, and the model can read {positions} with its answer. Shorten it; in a chat, /reset begins anew.");

    private IEnumerable<string> Write(int[] prompt, PromptMemory? memory, CancellationToken stop)
    {
        var room = Room(prompt);
        var generator = new TextGenerator(session.Model, session.Tokenizer);
        var limited = options with { MaxNewTokens = Math.Min(options.MaxNewTokens, room) };
        var tokens = memory is null ? generator.Stream([prompt], limited, stop) : generator.Stream(prompt, memory, limited, stop);
        foreach (var token in tokens)
        {
            yield return token.Text;
            if (token.Stop == StopReason.Length && room < options.MaxNewTokens)
            {
                log.LogWarning("The text ends here because the model can read {Positions} tokens, those of the prompt included", positions);
            }
        }
    }
}
