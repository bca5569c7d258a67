using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.PostProcessors;

/// <summary><c>add_bos_token</c> and <c>add_eos_token</c> of tokenizer_config.json.</summary>
/// <remarks>
/// Transformers 5 takes tokenizer.json's post-processor for the truth and leaves these keys out. GPT-NeoX's class alone builds the post-processor anew from them,
/// because files of its models carry one that nobody meant (OLMo's ends every text).
/// </remarks>
internal static class ConfiguredEnds
{
    /// <summary>The post-processor that counts: the file's own, or the one that the keys ask for.</summary>
    public static PostProcessor Of(string folder, PostProcessor own, Func<string, int?> idOfRole)
    {
        var path = Path.Combine(folder, "tokenizer_config.json");
        return File.Exists(path) ? JsonFile.Read(path, root => Of(root, own, idOfRole)) : own;
    }

    private static PostProcessor Of(JsonValue config, PostProcessor own, Func<string, int?> idOfRole)
    {
        if (config.Text("tokenizer_class") is not ("GPTNeoXTokenizer" or "GPTNeoXTokenizerFast"))
            return own;
        return new PostProcessor(Added("add_bos_token", "bos_token"), Added("add_eos_token", "eos_token"));

        int[] Added(string key, string role) => config.Flag(key, false) && idOfRole(role) is { } id ? [id] : [];
    }
}
