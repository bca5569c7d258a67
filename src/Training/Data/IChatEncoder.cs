using System.Text.Json;

namespace Neoteny.Training.Data;

/// <summary>Renders a conversation with a chat template and tokenizes it.</summary>
public interface IChatEncoder
{
    /// <summary>Encodes a conversation.</summary>
    /// <param name="messages">The messages in order, each with at least <c>role</c> and <c>content</c> as the template names them.</param>
    /// <param name="training">Which parts are trained.</param>
    /// <exception cref="InputException">The template refuses the conversation; the message says why.</exception>
    Document Encode(IReadOnlyList<IReadOnlyDictionary<string, JsonElement>> messages, ChatTraining training);
}

/// <summary>Which parts of a conversation are trained.</summary>
public sealed record ChatTraining
{
    /// <summary>Roles whose messages are trained.</summary>
    public IReadOnlyList<string> Roles { get; init; } = ["assistant"];

    /// <summary>When the end-of-sequence token after a message is trained.</summary>
    public Options.TrainOnEos End { get; init; } = Options.TrainOnEos.Turn;

    /// <summary>The template of this dataset alone; null for the run's.</summary>
    public string? Template { get; init; }

    /// <summary>Whether everything is trained.</summary>
    public bool Everything { get; init; }
}
