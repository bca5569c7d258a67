using System.Text.Json;
using Neoteny.Models.ChatTemplates;
using Neoteny.Training.Options;

namespace Neoteny.Training.Data.Prompts;

/// <summary>A conversation, rendered with a chat template.</summary>
internal sealed class ChatStyle(DatasetOptions dataset, IChatEncoder encoder, bool trainOnInputs) : IPromptStyle
{
    private static readonly Dictionary<string, string> CommonSpellings = new()
    {
        ["human"] = "user",
        ["user"] = "user",
        ["assistant"] = "assistant",
        ["gpt"] = "assistant",
        ["system"] = "system",
        ["tool"] = "tool",
    };

    private readonly Dictionary<string, string> roles = dataset.Roles is { } own
        ? own.SelectMany(r => r.Value.Select(spelling => (spelling, r.Key))).ToDictionary(r => r.spelling, r => r.Key)
        : CommonSpellings;

    public IEnumerable<Document> Encode(JsonRecord record)
    {
        var messages = record.List(dataset.MessagesField).Select((m, i) => Message(m, i, record)).ToList();
        if (dataset.DropsSystemMessage && messages is [{ Role: "system" }, ..])
            messages.RemoveAt(0);
        if (messages.Count == 0)
            throw record.Error($"the field '{dataset.MessagesField}' is an empty list; a conversation needs at least one message.");

        yield return Encode(messages, record);
    }

    private Document Encode(IReadOnlyList<ChatMessage> messages, JsonRecord record)
    {
        try
        {
            var encoded = encoder.Encode(messages, record.Optional(dataset.ToolsField), dataset);
            return trainOnInputs ? Document.Whole(encoded.Ids) : Document.Masked(encoded.Ids, t => encoded.Trained[t]);
        }
        catch (InputException e)
        {
            throw record.Error(e.Message, e);
        }
    }

    private ChatMessage Message(JsonElement message, int index, JsonRecord record)
    {
        var place = $"message {index + 1} of '{dataset.MessagesField}'";
        if (message.ValueKind != JsonValueKind.Object)
            throw record.Error($"{place} is {JsonRecord.Describe(message.ValueKind)} where an object with role and content is wanted.");

        var properties = message.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        var mapped = new Dictionary<string, JsonElement>(properties.Where(p => !dataset.MessageProperties.Values.Contains(p.Key)));
        foreach (var (name, source) in dataset.MessageProperties)
        {
            if (properties.TryGetValue(source, out var value))
                mapped[name] = value;
        }

        if (!mapped.TryGetValue("role", out var role) || role.ValueKind != JsonValueKind.String)
        {
            throw record.Error($"{place} has no role (there are: {string.Join(", ", properties.Keys)}). Say where it stands with message_property_mappings, "
                + "for instance 'role: from'.");
        }

        var spelled = role.GetString()!;
        mapped["role"] = JsonSerializer.SerializeToElement(roles.GetValueOrDefault(spelled, spelled));
        if (mapped.Remove(dataset.TrainingField, out var training))
            mapped["training"] = training;
        try
        {
            return ChatMessage.Read(JsonSerializer.SerializeToElement(mapped));
        }
        catch (InputException e)
        {
            throw record.Error($"{place}: {e.Message}", e);
        }
    }
}
