namespace Neoteny.Models.Tokenizers;

/// <summary>The files of a checkpoint folder that belong to its tokenizer.</summary>
internal static class TokenizerFiles
{
    private static readonly string[] Names =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "chat_template.json", "tokenizer.model", "vocab.json", "merges.txt", "vocab.txt", "spiece.model",
    ];

    /// <summary>Copies those that are there, byte by byte, and the folder of further chat templates.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        if (Path.GetFullPath(from) == Path.GetFullPath(to))
            return;
        foreach (var file in Names.Select(name => Path.Combine(from, name)).Where(File.Exists))
            Rewrite(file, Path.Combine(to, Path.GetFileName(file)));
        var templates = Path.Combine(from, "additional_chat_templates");
        if (!Directory.Exists(templates))
            return;
        Directory.CreateDirectory(Path.Combine(to, "additional_chat_templates"));
        foreach (var file in Directory.EnumerateFiles(templates, "*.jinja"))
            Rewrite(file, Path.Combine(to, "additional_chat_templates", Path.GetFileName(file)));
    }

    // Not File.Copy: a read-only source would leave a read-only copy that the next save could not overwrite.
    private static void Rewrite(string from, string to) => File.WriteAllBytes(to, File.ReadAllBytes(from));
}
