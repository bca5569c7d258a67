using Neoteny.Training.Data.Prompts;
using Neoteny.Training.Options;

namespace Neoteny.Training.Data;

/// <summary>The prompt styles by the name that <c>type</c> gives them.</summary>
internal static class PromptStyles
{
    private static readonly string[] Chat = ["chat_template", "chat_template.default"];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["alpaca", "alpaca:chat", "completion", .. Chat];

    /// <summary>Makes the style of a dataset.</summary>
    /// <exception cref="InputException">The style needs what the tokenizer or the model lacks.</exception>
    public static IPromptStyle Create(DatasetOptions dataset, DataOptions options, int sequenceLength, ITextEncoder encoder, IChatEncoder? chat)
    {
        var type = dataset.Type ?? throw new InputException($"The dataset {dataset.Path} has no type. Add one of {string.Join(", ", Names)}.");
        return type.Name switch
        {
            "alpaca" => new InstructionStyle(PromptText.Alpaca, type, encoder, options.TrainOnInputs),
            "alpaca:chat" => new InstructionStyle(PromptText.AlpacaChat, type, encoder, options.TrainOnInputs),
            "completion" => new CompletionStyle(dataset.Field, sequenceLength, encoder),
            "user_defined" => new InstructionStyle(Custom(type), type, encoder, options.TrainOnInputs),
            _ when Chat.Contains(type.Name) => new ChatStyle(dataset, chat ?? throw new InputException(
                $"The dataset {dataset.Path} has the type {type.Name}, but the model brings no chat template. Set chat_template."), options.TrainOnInputs),
            _ => throw new InputException($"The dataset {dataset.Path} has the type '{type.Name}', which is not known. Known are {string.Join(", ", Names)}."),
        };
    }

    private static PromptText Custom(DatasetTypeOptions type) => new()
    {
        System = type.SystemPrompt,
        SystemWithoutInput = type.SystemPrompt,
        SystemFormat = type.SystemFormat,
        Format = type.Format,
        FormatWithoutInput = type.NoInputFormat ?? type.Format,
    };
}
