using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Models.Adapters;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Loading;

namespace Neoteny.Host.Runs;

/// <summary>Adds an adapter to its base model's weights and writes the sum as a model of its own.</summary>
internal static class MergeLoraRun
{
    /// <summary>Merges.</summary>
    /// <param name="reference">The adapter, or the configuration that trained it.</param>
    /// <param name="run">Its configuration.</param>
    /// <param name="output">The folder to write; null for <c>merged</c> below the adapter's.</param>
    /// <param name="maxShardSize">The most bytes of one file of weights; null for the default.</param>
    /// <param name="log">For loading.</param>
    /// <returns>The folder written.</returns>
    /// <exception cref="InputException">There is no adapter, or the folder holds something else.</exception>
    /// <exception cref="NeotenyException">The disk is full or failed.</exception>
    public static string Execute(ModelReference reference, RunContext run, string? output, long? maxShardSize, ILogger log)
    {
        // The sum has the dtype of the base model's files, whatever the training computed in.
        var source = reference.Find(run, w => log.LogWarning("{Note}", w)) with { KeepsDType = true };
        if (source.AdapterFolder is null)
        {
            throw new InputException($"{reference.Name} leads to no adapter to merge. Name the folder that training wrote the adapter to, or its configuration.");
        }

        var target = Path.GetFullPath(output ?? Path.Combine(source.AdapterFolder, "merged"));
        CheckTarget(target, source);
        using var session = ModelSession.Open(run, log, source);
        AdapterSetup.Merge(session.Model);
        AtomicDirectory.Write(target, partial =>
        {
            ModelSaver.Write(partial, session.Model, session.Config, session.Folder, maxShardSize);
            session.Tokenizer.CopyTo(partial);
        });
        return target;
    }

    private static void CheckTarget(string target, ModelSource source)
    {
        if (new[] { source.Folder, source.AdapterFolder! }.FirstOrDefault(f => IsWithin(target, Path.GetFullPath(f))) is { } own)
        {
            throw new InputException($"{target} cannot be replaced by the merged model: it holds {own}, which the model is made from. Choose another --output.");
        }

        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any() && !File.Exists(Path.Combine(target, "config.json"))))
        {
            throw new InputException($"{target} exists and is no model. Choose another --output, or remove it first.");
        }
    }

    private static bool IsWithin(string outer, string inner)
        => (inner + Path.DirectorySeparatorChar).StartsWith(outer.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
