using Neoteny.Models.Tokenizers;

namespace Neoteny.Models.ChatTemplates.Masking;

/// <summary>Finds turns in a rendered conversation without knowing its template.</summary>
/// <remarks>
/// Three renderings tell: the conversation up to the turn with the generation prompt ends where the turn's own text begins; the
/// conversation up to and including the turn ends where the turn does; and the conversation with the turn's content exchanged for a mark
/// shows where the content stands. Each counts only where it agrees with the full text character by character, since templates may
/// write earlier turns differently from the last one.
/// </remarks>
internal sealed class TurnFinder(ChatTemplate template, IReadOnlyList<ChatMessage> messages, string text)
{
    private const string Mark = "\uE0F0turn\uE0F1";

    public TurnBounds Find(int turn)
    {
        var end = EndOf(turn);
        var start = StartOf(turn);
        var content = start is null || end is null ? ContentOf(turn) : null;
        if ((start ?? content?.Start) is not { } from || (end ?? content?.End) is null)
        {
            throw new InputException(
                $"The chat template does not show where turn {turn + 1} ({messages[turn].Role}) begins and ends. Set training: false for this " +
                "turn, take its role out of roles_to_train, or choose a chat_template that writes the content unchanged.");
        }

        return new TurnBounds(from, start is null, end is null ? content?.End : null, end);
    }

    /// <summary>Behind the generation prompt, where the text agrees with it.</summary>
    private int? StartOf(int turn)
    {
        var prompted = Prefix(turn, addGenerationPrompt: true);
        if (prompted is null || !text.StartsWith(prompted, StringComparison.Ordinal))
            return null;
        // Some templates have no generation prompt: then only the assistant's turns begin without a header.
        return messages[turn].Role == "assistant" || prompted != Prefix(turn, addGenerationPrompt: false) ? prompted.Length : null;
    }

    private int? EndOf(int turn)
    {
        if (turn == messages.Count - 1)
            return text.Length;
        var including = Prefix(turn + 1, addGenerationPrompt: false);
        return including is not null && text.StartsWith(including, StringComparison.Ordinal) ? including.Length : null;
    }

    private TextSpan? ContentOf(int turn)
    {
        if (messages[turn].Content is null && !messages[turn].Fields.ContainsKey("content"))
            return null;
        var fields = messages[turn].Fields.Where(field => field.Key != "content").ToDictionary();
        ChatMessage[] marked = [.. messages];
        marked[turn] = marked[turn] with { Content = Mark, Fields = fields };
        if (Render(marked, false) is not { } rendered || rendered.Split(Mark) is not [var before, var behind])
            return null;
        var agrees = before.Length + behind.Length <= text.Length
            && text.StartsWith(before, StringComparison.Ordinal) && text.EndsWith(behind, StringComparison.Ordinal);
        return agrees ? new TextSpan(before.Length, text.Length - behind.Length) : null;
    }

    private string? Prefix(int count, bool addGenerationPrompt) => Render([.. messages.Take(count)], addGenerationPrompt);

    /// <summary>Null where the template refuses: it may insist on how a conversation begins or goes on.</summary>
    private string? Render(IReadOnlyList<ChatMessage> some, bool addGenerationPrompt)
    {
        try
        {
            return template.Render(some, addGenerationPrompt);
        }
        catch (InputException)
        {
            return null;
        }
    }
}
