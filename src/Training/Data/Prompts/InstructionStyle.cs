using Neoteny.Training.Options;

namespace Neoteny.Training.Data.Prompts;

/// <summary>An instruction with its answer: only the answer and the end-of-sequence token are trained.</summary>
/// <remarks>Prompt and answer are tokenized apart, so that the mask ends exactly between them.</remarks>
internal sealed class InstructionStyle(PromptText text, DatasetTypeOptions fields, ITextEncoder encoder, bool trainOnInputs) : IPromptStyle
{
    private readonly int end = encoder.EndId ?? throw new InputException(
        "The tokenizer has no end-of-sequence token, so answers would never end. Name an eos_token in the model's tokenizer_config.json.");

    public IEnumerable<Document> Encode(JsonRecord record)
    {
        var system = fields.SystemField is { } field ? record.OptionalText(field) : null;
        var prompt = text.Write(record.Text(fields.InstructionField), record.OptionalText(fields.InputField), system);
        var promptIds = encoder.Encode(prompt, addSpecialTokens: true);
        if (promptIds is [.., var last] && last == end)
            promptIds = promptIds[..^1];

        var answer = encoder.Encode(record.Text(fields.OutputField), addSpecialTokens: false);
        yield return Document.Of(promptIds, answer is [.., var closing] && closing == end ? answer : [.. answer, end], trainOnInputs);
    }
}
