namespace Neoteny.ExampleData.Capitals;

/// <summary>One row of a data set of chat messages.</summary>
/// <param name="Messages">The turns in order.</param>
internal sealed record ChatRow(ChatMessage[] Messages);

/// <summary>One turn.</summary>
/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">What was said.</param>
internal sealed record ChatMessage(string Role, string Content);
