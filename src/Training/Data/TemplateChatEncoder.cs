using System.Text.Json;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;
using Neoteny.Training.Options;

namespace Neoteny.Training.Data;

/// <summary>Encodes conversations with the model's chat template.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="template">The run's template; null where the model has none and the configuration names none.</param>
public sealed class TemplateChatEncoder(Tokenizer tokenizer, ChatTemplate? template) : IChatEncoder
{
    private readonly Dictionary<ChatTraining, ChatEncoder> encoders = [];

    /// <inheritdoc/>
    public Document Encode(IReadOnlyList<IReadOnlyDictionary<string, JsonElement>> messages, ChatTraining training)
    {
        if (!encoders.TryGetValue(training, out var encoder))
            encoders[training] = encoder = Make(training);
        var encoded = encoder.Encode([.. messages.Select(m => ChatMessage.Read(JsonSerializer.SerializeToElement(m)))]);
        return training.Everything ? Document.Whole(encoded.Ids) : Document.Masked(encoded.Ids, t => encoded.Trained[t]);
    }

    private ChatEncoder Make(ChatTraining training)
    {
        var own = training.Template is { } name ? ChatTemplate.Named(name).WithTokensOf(tokenizer) : template;
        return new ChatEncoder(
            tokenizer,
            own ?? throw new InputException($"The model brings no chat template. Set chat_template to one of {string.Join(", ", ChatTemplate.Names)}."),
            new Models.ChatTemplates.ChatTraining
            {
                RolesToTrain = training.Roles,
                TrainOnEos = training.End switch
                {
                    TrainOnEos.All => EndTokenTraining.All,
                    TrainOnEos.Last => EndTokenTraining.Last,
                    TrainOnEos.None => EndTokenTraining.None,
                    _ => EndTokenTraining.Turn,
                },
            });
    }
}
