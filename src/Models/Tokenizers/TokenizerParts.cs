using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Decoders;
using Neoteny.Models.Tokenizers.Json;
using Neoteny.Models.Tokenizers.Normalizers;
using Neoteny.Models.Tokenizers.PostProcessors;
using Neoteny.Models.Tokenizers.PreTokenizers;

namespace Neoteny.Models.Tokenizers;

/// <summary>What a tokenizer folder holds, read and checked.</summary>
internal sealed record TokenizerParts(
    TextPipeline Pipeline, ITokenModel Model, PostProcessor PostProcessor, IDecoder? Decoder, AddedTokenSet Added, SpecialTokens Special)
{
    public static TokenizerParts Load(string folder)
    {
        var path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
        {
            throw new InputException(Directory.Exists(folder)
                ? $"{folder}: there is no tokenizer.json. Save the tokenizer in the tokenizers library's format, or point at a folder that has it."
                : $"{folder}: this folder does not exist. Name a folder that holds a tokenizer.json.");
        }

        var special = SpecialTokens.Load(folder);
        return JsonFile.Read(path, root => Read(root, folder, special));
    }

    private static TokenizerParts Read(JsonValue root, string folder, SpecialTokens special)
    {
        var bytes = false;
        var normalizer = root.Find("normalizer") is { } n ? NormalizerReader.Read(n) : null;
        var preTokenizer = root.Find("pre_tokenizer") is { } p ? PreTokenizerReader.Read(p, out bytes) : null;
        var model = ModelReader.Read(root.Get("model"), bytes);
        var added = AddedTokenSet.Read(root, folder, model.Vocabulary, special);
        var processor = root.Find("post_processor") is { } after ? PostProcessor.Read(after) : PostProcessor.None;
        return new TokenizerParts(
            new TextPipeline(normalizer, preTokenizer, model, added.Tokens),
            model,
            ConfiguredEnds.Of(folder, processor, role => special[role] is { } token ? added.Find(token)?.Id ?? model.Vocabulary.IdOf(token) : null),
            root.Find("decoder") is { } d ? DecoderReader.Read(d) : null,
            added,
            special);
    }
}
