using System.Text.Json;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;
using Neoteny.Training.Options;

namespace Neoteny.Training.Data;

/// <summary>Encodes conversations with the run's chat template, or with the dataset's own.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="template">The run's template; null where the model has none and the configuration names none.</param>
/// <param name="endOfTurnTokens">Tokens that can end a turn beside the end of sequence; empty for any special token.</param>
public sealed class TemplateChatEncoder(Tokenizer tokenizer, ChatTemplate? template, IReadOnlyList<string> endOfTurnTokens) : IChatEncoder
{
    private readonly Dictionary<DatasetOptions, ChatEncoder> encoders = [];

    /// <inheritdoc/>
    public EncodedChat Encode(IReadOnlyList<ChatMessage> messages, JsonElement? tools, DatasetOptions dataset)
    {
        if (!encoders.TryGetValue(dataset, out var encoder))
            encoders[dataset] = encoder = Make(dataset);
        return encoder.Encode(messages, tools);
    }

    private ChatEncoder Make(DatasetOptions dataset) => new(tokenizer, TemplateOf(dataset), new ChatTraining
    {
        RolesToTrain = dataset.TrainedRoles,
        TrainOnEos = dataset.TrainOnEos,
        TrainOnEot = dataset.TrainOnEot,
        EotTokens = endOfTurnTokens,
    });

    private ChatTemplate TemplateOf(DatasetOptions dataset) => dataset switch
    {
        { ChatTemplateJinja: { } jinja } => ChatTemplate.Parse(jinja).WithTokensOf(tokenizer),
        { ChatTemplate: not (null or "tokenizer_default") } => ChatTemplate.Named(dataset.ChatTemplate).WithTokensOf(tokenizer),
        _ => template ?? throw new InputException(
            $"The dataset {dataset.Path} is a conversation, but the model brings no chat template. Set chat_template to one of {string.Join(", ", ChatTemplate.Names)}."),
    };
}
