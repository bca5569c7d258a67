using System.Text.Json;
using Neoteny.Models.ChatTemplates;
using Neoteny.Training.Options;

namespace Neoteny.Training.Data;

/// <summary>Renders conversations with a dataset's chat template, tokenizes them, and says which tokens are trained.</summary>
public interface IChatEncoder
{
    /// <summary>Encodes a conversation.</summary>
    /// <param name="messages">The messages in order.</param>
    /// <param name="tools">The tools that the template describes; null for none.</param>
    /// <param name="dataset">Names the template and what is trained.</param>
    /// <exception cref="InputException">The template refuses the conversation; the message says why.</exception>
    EncodedChat Encode(IReadOnlyList<ChatMessage> messages, JsonElement? tools, DatasetOptions dataset);
}
