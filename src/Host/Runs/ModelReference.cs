using Neoteny.Host.Configuration;
using Neoteny.Models.Adapters;
using Neoteny.Models.Hub;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Options;

namespace Neoteny.Host.Runs;

/// <summary>The model that a command line names: a model folder, the folder of an adapter, or the configuration of a training run.</summary>
internal sealed class ModelReference
{
    private readonly string? adapter;

    private ModelReference(string name, RunFile file, string? adapter) => (Name, File, this.adapter) = (name, file, adapter);

    /// <summary>The argument as given.</summary>
    public string Name { get; }

    /// <summary>The configuration, or one that stands in for it.</summary>
    public RunFile File { get; }

    /// <summary>Finds out what an argument names.</summary>
    /// <param name="name">The argument.</param>
    /// <param name="adapter">A folder given with <c>--adapter</c>; null for none.</param>
    /// <exception cref="InputException">There is nothing, or nothing that names a model.</exception>
    public static ModelReference Open(string name, string? adapter)
    {
        var places = HubPlaces.OnConsole(CancellationToken.None);
        if (adapter is not null && !Directory.Exists(adapter) && HubPlaces.Find(HubKind.Model, adapter) is { } distant)
        {
            adapter = places.Download("--adapter: ", Path.GetFullPath(adapter), distant, HubSelection.Model);
        }

        if (adapter is not null && !AdapterFolder.Holds(adapter))
        {
            throw new InputException($"--adapter: '{adapter}' holds no adapter: {AdapterFolder.ConfigurationFile} is missing. Name the folder that training wrote the adapter to.");
        }

        if (!Directory.Exists(name))
        {
            if (System.IO.File.Exists(name))
            {
                return new(name, RunFile.Load(name), adapter);
            }

            name = HubPlaces.Find(HubKind.Model, name) is { } repository
                ? places.Download("", Path.GetFullPath(name), repository, HubSelection.Model)
                : throw new InputException($"There is neither a model folder nor a configuration file at {Path.GetFullPath(name)}. Check the path.");
        }

        if (SavedAdapter.IsIn(name))
        {
            return adapter is null
                ? new(name, RunFile.OfModel(SavedAdapter.BaseModelOf(name)), name)
                : throw new InputException($"--adapter cannot be combined with '{name}', which is an adapter itself. Name its base model, or leave out --adapter.");
        }

        return HoldsModel(name) ? new(name, RunFile.OfModel(Path.GetFullPath(name)), adapter) : throw NothingIn(name);
    }

    /// <summary>What to load, now that the configuration is bound: what training wrote, where it wrote something.</summary>
    /// <param name="run">The configuration.</param>
    /// <param name="warn">Hears when training wrote nothing yet.</param>
    /// <exception cref="InputException">There are no trained weights to use.</exception>
    public ModelSource Find(RunContext run, Action<string> warn)
    {
        var options = run.Options<ModelOptions>();
        var places = new HubPlaces(warn, CancellationToken.None);
        var source = new ModelSource
        {
            Folder = places.Folder(File, "base_model", options.BaseModel, options.Revision, HubSelection.Model, ModelSource.Otherwise),
            AdapterFolder = adapter,
        };
        if (File.IsBareModel || adapter is not null)
        {
            return source;
        }

        var output = run.Options<SavingOptions>().Folder;
        if (options.Adapter is null && HoldsModel(output) && !SavedAdapter.IsIn(output))
        {
            return source with { Folder = Path.GetFullPath(output) };
        }

        if (options.Adapter is not null && SavedAdapter.IsIn(output))
        {
            return source with { AdapterFolder = Path.GetFullPath(output) };
        }

        var remedy = new CheckpointFolders(output).All() is [.., var latest]
            ? $"Finish the training, or name the checkpoint {latest} instead."
            : $"Train first: neoteny train {Name}";
        if (options.Reinitialize)
        {
            throw new InputException($"{output} holds no trained model yet. {remedy}");
        }

        var start = options.SavedAdapter is { } saved ? places.Folder(File, "lora_model_dir", saved, null, HubSelection.Model, "Name one with adapter_config.json.") : null;
        warn($"{output} holds no {(options.Adapter is null ? "trained model" : "adapter")} yet, so this is the {(start is null ? "base model" : "adapter in " + start)}. {remedy}");
        return source with { AdapterFolder = start };
    }

    private static bool HoldsModel(string folder) => System.IO.File.Exists(Path.Combine(folder, "config.json"));

    private static InputException NothingIn(string folder) => new(
        $"'{folder}' is neither a model folder (config.json is missing) nor an adapter's ({AdapterFolder.ConfigurationFile} is missing). "
        + (new CheckpointFolders(folder).Latest() is { } checkpoint ? $"It holds the checkpoint {checkpoint}; name that." : "Check the path."));
}
