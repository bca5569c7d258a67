using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Builds the <c>model</c> of a tokenizer.json.</summary>
internal static class ModelReader
{
    public static ITokenModel Read(JsonValue model, bool bytes)
    {
        // Old files leave the type out; the lists tell.
        var type = model.Text("type") ?? (model.Find("merges") is null ? "Unigram" : "BPE");
        return type switch
        {
            "BPE" => BytePairReader.Read(model, bytes),
            "Unigram" => UnigramReader.Read(model, bytes),
            _ => throw model.Fail($"the model type '{type}' is not supported. Supported are BPE and Unigram."),
        };
    }
}
