using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Loading;

namespace Neoteny.Host.Runs;

/// <summary>Decides how many rows the embedding needs for the tokens of a run, and what its configuration says then.</summary>
internal static class ModelRows
{
    private const int Multiple = 32;

    /// <summary>Compares the model with its tokenizer and adapter.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="tokenizer">The tokenizer of the run.</param>
    /// <param name="options">What the run says of tokens.</param>
    /// <param name="adapterFolder">A saved adapter, which may have an embedding of its own; null for none.</param>
    /// <param name="log">Hears when rows are added.</param>
    /// <returns>The configuration to save, and the rows to load with; null where they stay as they are.</returns>
    public static (HuggingFaceConfig Config, EmbeddingRows? Rows) Plan(HuggingFaceConfig config, RunTokenizer tokenizer, TokenOptions options, string? adapterFolder, ILogger log)
    {
        foreach (var role in options.Special.Roles.Where(r => r.Key != "unk_token"))
        {
            config = config.With($"{role.Key}_id", tokenizer.Tokenizer.IdOf(role.Value));
        }

        var rows = config.Size("vocab_size");
        var needed = tokenizer.Tokenizer.Length;
        needed = options.RoundsRows ? (needed + Multiple - 1) / Multiple * Multiple : needed;
        needed = Math.Max(needed, adapterFolder is null ? 0 : (int)(AdapterFolder.EmbeddingRows(adapterFolder) ?? 0));
        if (needed <= rows)
        {
            return (config, null);
        }

        log.LogInformation("The embedding grows from {Rows} to {Needed} rows for the tokenizer's {Tokens} tokens", rows, needed, tokenizer.Tokenizer.Length);
        return (config.With("vocab_size", needed), new EmbeddingRows(needed, options.UsesMean));
    }
}
