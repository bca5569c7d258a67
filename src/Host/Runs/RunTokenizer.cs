using Neoteny.Host.Configuration;
using Neoteny.Models.Hub;
using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Editing;

namespace Neoteny.Host.Runs;

/// <summary>The tokenizer of a run, with the tokens that the configuration adds. Its changed files live until it is disposed.</summary>
internal sealed class RunTokenizer : IDisposable
{
    private static readonly string[] WholeModules = ["embed_tokens", "lm_head"];

    private readonly string? edited;

    private RunTokenizer(string folder, string? edited, IReadOnlyList<string> added)
        => (Folder, this.edited, Added, Tokenizer) = (folder, edited, added, Tokenizer.Load(folder));

    /// <summary>The folder with its files.</summary>
    public string Folder { get; }

    /// <summary>The tokens that the configuration added.</summary>
    public IReadOnlyList<string> Added { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Finds the tokenizer of a run and adds what the configuration adds.</summary>
    /// <param name="run">The run.</param>
    /// <param name="modelFolder">The model's folder.</param>
    /// <param name="source">What to load in order to use a model; null for training it.</param>
    /// <param name="places">Finds folders, or downloads them.</param>
    /// <exception cref="InputException">There is no tokenizer, or an adapter could not train the new tokens.</exception>
    public static RunTokenizer Open(RunContext run, string modelFolder, ModelSource? source, HubPlaces places)
    {
        var folder = Find(run, modelFolder, source, places);
        var options = run.Options<TokenOptions>();
        if (options.Changes.IsEmpty)
        {
            return new RunTokenizer(folder, null, []);
        }

        var edited = Directory.CreateTempSubdirectory("neoteny-tokenizer-").FullName;
        try
        {
            var added = TokenizerEditor.Apply(folder, edited, options.Changes);
            if (source is null)
            {
                CheckTrained(run, options, added);
            }

            return new RunTokenizer(edited, edited, added);
        }
        catch
        {
            Directory.Delete(edited, recursive: true);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (edited is not null && Directory.Exists(edited))
        {
            Directory.Delete(edited, recursive: true);
        }
    }

    private static string Find(RunContext run, string modelFolder, ModelSource? source, HubPlaces places)
    {
        if (source is not null)
        {
            // Training wrote the tokenizer beside what it trained.
            return source.AdapterFolder is { } adapter && File.Exists(Path.Combine(adapter, "tokenizer.json")) ? adapter : modelFolder;
        }

        return run.Options<ModelOptions>().Tokenizer is { } named
            ? places.Folder(run.File, "tokenizer_config", named, null, HubSelection.Tokenizer, "Name one with tokenizer.json.")
            : modelFolder;
    }

    private static void CheckTrained(RunContext run, TokenOptions options, IReadOnlyList<string> added)
    {
        // Nothing is ever predicted or read at a padding token.
        var learned = added.Where(t => t != options.Special.Pad).ToList();
        if (learned.Count == 0 || run.Options<ModelOptions>() is { Adapter: null } or { SavedAdapter: not null } || WholeModules.All(options.SavedModules.Contains))
        {
            return;
        }

        var key = options.Tokens.Contains(learned[0]) ? "tokens" : "special_tokens";
        throw new InputException($"{run.File.Root.Find(key)?.Value.Place ?? run.File.Whole}: {key}: {string.Join(", ", learned.Select(t => $"'{t}'"))} {(learned.Count == 1 ? "is" : "are")} new to this model, "
            + "and an adapter alone leaves the embeddings of new tokens untrained. Set lora_modules_to_save: [embed_tokens, lm_head], or use tokens that the model has.");
    }
}
