using System.Text.Json;
using Neoteny.Models.ChatTemplates.Masking;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Models.ChatTemplates;

/// <summary>Encodes conversations for training: the tokens of the rendered text, and which of them are trained.</summary>
/// <remarks>
/// Trained is what the speaker of a trained turn is to produce: everything behind the header (which is the prompt at generation) up to and
/// including the token that ends the turn. What the template writes behind that token, and all of other turns, is not. Where a template
/// writes no such token, the turn is trained to its end. Safe to use from several threads.
/// </remarks>
public sealed class ChatEncoder
{
    private readonly Tokenizer tokenizer;
    private readonly ChatTemplate template;
    private readonly ChatTraining training;
    private readonly EndTokens ends;

    /// <summary>Prepares for one tokenizer, template and choice of what is trained.</summary>
    /// <exception cref="InputException">An end-of-turn token is not in the vocabulary.</exception>
    public ChatEncoder(Tokenizer tokenizer, ChatTemplate template, ChatTraining training)
    {
        this.tokenizer = tokenizer;
        this.template = template;
        this.training = training;
        ends = new EndTokens(tokenizer, training);
    }

    /// <summary>Encodes one conversation.</summary>
    /// <exception cref="InputException">The template refuses it, or a trained turn cannot be found in the rendered text.</exception>
    public EncodedChat Encode(IReadOnlyList<ChatMessage> messages) => Encode(messages, tools: null);

    /// <summary>Encodes one conversation in which tools may be called.</summary>
    /// <param name="messages">The turns in order.</param>
    /// <param name="tools">The tools as the template knows them, usually a list of JSON schemas; null for none.</param>
    /// <exception cref="InputException">The template refuses it, or a trained turn cannot be found in the rendered text.</exception>
    public EncodedChat Encode(IReadOnlyList<ChatMessage> messages, JsonElement? tools)
    {
        var template = tools is { } some ? this.template.With([new("tools", some)]) : this.template;
        var text = template.Render(messages, addGenerationPrompt: false);
        var encoded = tokenizer.EncodeWithOffsets(text, addSpecialTokens: false, trims: false);
        var trained = new bool[encoded.Ids.Length];
        var turns = new TurnFinder(template, messages, text);
        var endIds = new HashSet<int>(training.EotTokens.Select(token => tokenizer.IdOf(token)!.Value));
        if (tokenizer.EosId is { } eos)
            endIds.Add(eos);
        for (var turn = 0; turn < messages.Count; turn++)
        {
            if (messages[turn].Training ?? training.RolesToTrain.Contains(messages[turn].Role))
                Train(turns.Find(turn), encoded, text, trained, endIds);
        }

        TrainEndings(encoded.Ids, trained, endIds);
        return new EncodedChat { Text = text, Ids = encoded.Ids, Trained = trained, Spans = encoded.Spans };
    }

    private void Train(TurnBounds turn, EncodedText encoded, string text, bool[] trained, HashSet<int> endIds)
    {
        var end = ends.Find(encoded, text, turn);
        var limit = end is { } at ? encoded.Spans[at].Start : turn.End;
        for (var i = 0; i < trained.Length; i++)
        {
            var span = encoded.Spans[i];
            trained[i] |= span.Start < limit && span.End > turn.Start && span.Length > 0
                && (span.Start >= turn.Start || (turn.FromContent && text.AsSpan(span.Start, turn.Start - span.Start).IsWhiteSpace()));
        }

        if (end is not { } ending)
            return;
        endIds.Add(encoded.Ids[ending]);
        trained[ending] = ends.PolicyOf(encoded.Ids[ending]) == EndTokenTraining.Turn;
    }

    /// <summary>Applies what holds for the conversation as a whole rather than for single turns.</summary>
    private void TrainEndings(int[] ids, bool[] trained, HashSet<int> endIds)
    {
        var lastSeen = false;
        for (var i = ids.Length - 1; i >= 0; i--)
        {
            if (!endIds.Contains(ids[i]))
                continue;
            var policy = ends.PolicyOf(ids[i]);
            trained[i] |= policy == EndTokenTraining.All || (policy == EndTokenTraining.Last && !lastSeen);
            lastSeen = true;
        }
    }
}
