namespace Neoteny.Models.ChatTemplates;

/// <summary>What of a conversation is trained.</summary>
public sealed record ChatTraining
{
    /// <summary>Roles whose turns are trained, unless a turn says otherwise (<see cref="ChatMessage.Training"/>).</summary>
    public IReadOnlyList<string> RolesToTrain { get; init; } = ["assistant"];

    /// <summary>For turns that end with the tokenizer's end-of-sequence token.</summary>
    public EndTokenTraining TrainOnEos { get; init; } = EndTokenTraining.Turn;

    /// <summary>For turns that end with another token; null: as <see cref="TrainOnEos"/>.</summary>
    public EndTokenTraining? TrainOnEot { get; init; }

    /// <summary>Tokens that can end a turn beside the end of sequence. Empty: any special token.</summary>
    public IReadOnlyList<string> EotTokens { get; init; } = [];
}
