using System.Text.Json;

namespace Neoteny.Models.ChatTemplates;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, or what the template knows.</param>
/// <param name="Content">What is said; null where a turn has none, as one that only calls tools.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>Further members that the template can see, such as <c>tool_calls</c> or <c>name</c>.</summary>
    /// <remarks>Values are texts, booleans, numbers, lists, mappings by text, or <see cref="JsonElement"/>. They win over role and content.</remarks>
    public IReadOnlyDictionary<string, object?> Fields { get; init; } = new Dictionary<string, object?>();

    /// <summary>Whether this turn is trained; null leaves it to its role.</summary>
    public bool? Training { get; init; }

    /// <summary>Reads a message written as <c>{"role": ..., "content": ...}</c>; every other member becomes a field.</summary>
    /// <remarks>A content in parts (<c>[{"type": "text", "text": ...}]</c>) is handed to the template as it is.</remarks>
    /// <exception cref="InputException">It is no object, or its role or content has the wrong type.</exception>
    public static ChatMessage Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String)
            throw new InputException("A chat message is an object with a 'role' (a text) and a 'content'.");
        var fields = new Dictionary<string, object?>();
        string? content = null;
        foreach (var member in json.EnumerateObject())
        {
            if (member is { Name: "content", Value.ValueKind: JsonValueKind.String or JsonValueKind.Null })
                content = member.Value.GetString();
            else if (member.Name == "content" && member.Value.ValueKind != JsonValueKind.Array)
                throw new InputException($"The content of a chat message is a text or a list of parts, not {member.Value.ValueKind}.");
            else if (member.Name is not ("role" or "training"))
                fields[member.Name] = member.Value.Clone();
        }

        return new ChatMessage(role.GetString()!, content) { Fields = fields, Training = ReadTraining(json) };
    }

    private static bool? ReadTraining(JsonElement json)
    {
        if (!json.TryGetProperty("training", out var training) || training.ValueKind == JsonValueKind.Null)
            return null;
        return training.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? training.GetBoolean()
            : throw new InputException($"'training' of a chat message is true or false, not {training.ValueKind}.");
    }
}
