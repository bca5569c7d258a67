using Microsoft.Extensions.Logging;
using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Host.Composition;
using Neoteny.Host.Configuration;
using Neoteny.Losses;
using Neoteny.Models.Adapters;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Models.Hub;
using Neoteny.Models.Loading;
using Neoteny.Models.Tokenizers;
using Neoteny.Runtime.Native;
using Neoteny.Training.Loop;
using Neoteny.Training.Options;
using static TorchSharp.torch;

namespace Neoteny.Host.Runs;

/// <summary>A model composed as a configuration says: weights, kernels, adapter, and what each plugin did to which site.</summary>
internal sealed class ModelSession : IDisposable
{
    private readonly OffloadPlan offload;
    private readonly string baseModel;
    private readonly RunTokenizer tokenizer;
    private readonly long? maxShardSize;

    private ModelSession(
        string folder, string baseModel, HuggingFaceConfig config, DecoderModel model, RunTokenizer tokenizer, ILoss loss, IAdapter? adapter, OffloadPlan offload, IReadOnlyList<CompositionEntry> composition, long? maxShardSize)
    {
        this.maxShardSize = maxShardSize;
        (Folder, this.baseModel, Config, Model, this.tokenizer) = (folder, baseModel, config, model, tokenizer);
        (Loss, Adapter, this.offload, Composition) = (loss, adapter, offload, composition);
    }

    /// <summary>The base model's folder.</summary>
    public string Folder { get; }

    /// <summary>The model's configuration, with the run's overrides and tokens.</summary>
    public HuggingFaceConfig Config { get; }

    /// <summary>The model.</summary>
    public DecoderModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => tokenizer.Tokenizer;

    /// <summary>The folder with the tokenizer's files and its chat template.</summary>
    public string TokenizerFolder => tokenizer.Folder;

    /// <summary>The loss in use; exchanged between two optimizer steps only.</summary>
    public ILoss Loss { get; set; }

    /// <summary>The adapter attached, or null.</summary>
    public IAdapter? Adapter { get; }

    /// <summary>What was done by whom, in order; a swap replaces it.</summary>
    public IReadOnlyList<CompositionEntry> Composition { get; set; }

    /// <summary>Loads and composes the model of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="log">For the composition.</param>
    /// <param name="source">What to load in order to use the model; null for what the configuration says in order to train it.</param>
    /// <param name="stop">Cancels a download.</param>
    /// <exception cref="InputException">The configuration asks for something that is not there or does not fit.</exception>
    /// <exception cref="NeotenyException">A plugin fails.</exception>
    public static ModelSession Open(RunContext run, ILogger log, ModelSource? source = null, CancellationToken stop = default)
    {
        run.Plugins.CreateExtensions();
        var options = run.Options<ModelOptions>();
        var device = DeviceChoice.Of(options.Device);
        if (DeviceChoice.PassedOver(options.Device) is { } problem)
        {
            log.LogWarning("The GPU here is not used: {Problem}", problem);
        }

        Determinism.Set(options.Deterministic);
        backends.cuda.matmul.allow_tf32 = run.Options<PrecisionOptions>().TensorFloat32 == "true";
        var places = new HubPlaces(w => log.LogWarning("{Note}", w), stop);
        var folder = FolderOf(run, source, places);
        CheckOverrides(run, folder, options.ConfigOverrides);
        var adapterFolder = source is not null ? source.AdapterFolder
            : options.SavedAdapter is { } named ? places.Folder(run.File, "lora_model_dir", named, null, HubSelection.Model, "Name one with adapter_config.json.")
            : null;
        var seed = (ulong)run.Options<StepOptions>().Seed;
        var tokenizer = RunTokenizer.Open(run, folder, source, places);
        DecoderModel? model = null;
        try
        {
            var (config, rows) = ModelRows.Plan(HuggingFaceConfig.Open(folder).WithOverrides(options.ConfigOverrides), tokenizer, run.Options<TokenOptions>(), adapterFolder, log);
            var composer = new ModelComposer(run.Plugins);
            model = ModelLoader.Load(folder, new ModelLoadOptions
            {
                DType = source?.KeepsDType == true ? null : run.Options<PrecisionOptions>().WeightType(device),
                Device = device,
                FreshSeed = options.Reinitialize && source is null ? seed : null,
                Overrides = options.ConfigOverrides,
                Formats = composer.Quantize(() => ModelLoader.Describe(folder, new ModelLoadOptions { Overrides = options.ConfigOverrides })),
                Rows = rows,
                Note = n => log.LogWarning("{Note}", n),
            });
            foreach (var parameter in model.BaseParameters)
            {
                parameter.Trains = parameter.Format.IsTrainable;
            }

            var adapter = source is null
                ? composer.Adapt(model, options.Adapter, adapterFolder, seed)
                : adapterFolder is { } saved ? composer.Adapt(model, SavedAdapter.KindOf(saved), saved, seed) : null;
            composer.ChooseAttention(model, run.Options<AttentionOptions>().Name, model.BaseParameters[0].DType, device);
            var loss = composer.ChooseLoss(model, run.Loss.Name, run.Loss.Why);
            composer.Override(model).Apply();
            var offload = composer.Offload(model);
            offload.Apply();
            model.CheckpointsLayers = run.Options<CheckpointingOptions>().Enabled;
            foreach (var entry in composer.Entries)
            {
                log.LogInformation("{Composition}", entry);
            }

            foreach (var note in composer.Notes)
            {
                log.LogWarning("{Note}", note);
            }

            return new ModelSession(folder, source is null ? options.BaseModel : folder, config, model, tokenizer, loss, adapter, offload, composer.Entries, ByteSize.Parse(run.Options<SavingOptions>().MaxShardSize));
        }
        catch
        {
            model?.Dispose();
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>The base model's folder; one of the hub is downloaded.</summary>
    /// <exception cref="InputException">There is none.</exception>
    private static string FolderOf(RunContext run, ModelSource? source, HubPlaces places)
    {
        var options = run.Options<ModelOptions>();
        return source?.Folder ?? places.Folder(
            run.File, "base_model", options.BaseModel, options.Revision, options.Reinitialize ? HubSelection.Tokenizer : HubSelection.Model, ModelSource.Otherwise);
    }

    /// <summary>Whether what layers save for backward is kept elsewhere.</summary>
    public bool ParksActivations => offload.Saved is not null;

    /// <summary>The options of one tape of this run.</summary>
    /// <param name="request">What the tape is for.</param>
    /// <param name="regions">What runs layers; null for operator by operator.</param>
    public TapeOptions Tape(TapeRequest request, IRegionRunner? regions = null)
        => new() { Seed = request.Seed, Recording = request.IsRecording, Store = request.IsRecording ? offload.Saved : null, Observers = offload.Segments, Regions = regions };

    /// <summary>Writes what was trained: the adapter where there is one, the whole model otherwise.</summary>
    /// <param name="target">An existing folder.</param>
    public void Save(string target)
    {
        using var scope = NewDisposeScope();
        if (Adapter is not null)
        {
            AdapterFolder.Write(target, AdapterSetup.Export(Model, Adapter, baseModel));
        }
        else
        {
            ModelSaver.Write(target, Model, Config, Folder, maxShardSize);
        }

        Tokenizer.CopyTo(target);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        tokenizer.Dispose();
    }

    internal static void CheckOverrides(RunContext run, string folder, IReadOnlyDictionary<string, object?> overrides)
    {
        var config = HuggingFaceConfig.Open(folder);
        if (overrides.Count > 0 && ModelFamilies.WithoutEffect(config.WithOverrides(overrides), config, overrides.Keys) is [var key, ..])
        {
            var entry = run.File.Root.Find("overrides_of_model_config") ?? run.File.Root.Find("model_config");
            var place = (entry?.Value as MapNode)?.Entries.FirstOrDefault(e => e.Key == key)?.Place ?? run.File.Whole;
            var known = config.Keys.Union(ModelFamilies.KeysRead(config.WithOverrides(overrides)));
            throw new InputException($"{place}: overrides_of_model_config: {folder} has no key '{key}' in config.json, and no model of its family reads one"
                + (Nearest.To(key, known) is { } near ? $"; did you mean '{near}'?" : ". Remove it."));
        }
    }
}
