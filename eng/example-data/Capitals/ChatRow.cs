using Neoteny.ExampleData.Instructions;

namespace Neoteny.ExampleData.Capitals;

/// <summary>One row of a data set of chat messages.</summary>
/// <param name="Messages">The turns in order.</param>
internal sealed record ChatRow(ChatMessage[] Messages)
{
    /// <summary>The same exchange as a conversation of two turns.</summary>
    public static ChatRow Of(AlpacaRow row) => new([new("user", row.Instruction), new("assistant", row.Output)]);

    /// <summary>The question.</summary>
    public string Question() => Messages[0].Content;

    /// <summary>The answer.</summary>
    public string Answer() => Messages[1].Content;
}

/// <summary>One turn.</summary>
/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">What was said.</param>
internal sealed record ChatMessage(string Role, string Content);
