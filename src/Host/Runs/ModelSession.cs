using Microsoft.Extensions.Logging;
using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Host.Composition;
using Neoteny.Host.Configuration;
using Neoteny.Losses;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
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

    private ModelSession(
        string folder, string baseModel, DecoderModel model, Tokenizer tokenizer, ILoss loss, IAdapter? adapter, OffloadPlan offload, IReadOnlyList<CompositionEntry> composition)
    {
        (Folder, this.baseModel, Model, Tokenizer) = (folder, baseModel, model, tokenizer);
        (Loss, Adapter, this.offload, Composition) = (loss, adapter, offload, composition);
    }

    /// <summary>The base model's folder.</summary>
    public string Folder { get; }

    /// <summary>The model.</summary>
    public DecoderModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

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
    /// <exception cref="InputException">The configuration asks for something that is not there or does not fit.</exception>
    /// <exception cref="NeotenyException">A plugin fails.</exception>
    public static ModelSession Open(RunContext run, ILogger log, ModelSource? source = null)
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
        var folder = source?.Folder ?? run.File.ResolvePath(options.BaseModel);
        if (!Directory.Exists(folder))
        {
            var place = run.File.Root.Find("base_model")?.Value.Place ?? run.File.Whole;
            throw new InputException($"{place}: base_model: there is no folder {folder}. Name one with config.json, the weights (*.safetensors) and the tokenizer.");
        }

        var seed = (ulong)run.Options<StepOptions>().Seed;
        var tokenizer = Tokenizer.Load(folder);
        var composer = new ModelComposer(run.Plugins);
        var model = ModelLoader.Load(folder, new ModelLoadOptions
        {
            DType = source?.KeepsDType == true ? null : run.Options<PrecisionOptions>().WeightType(device),
            Device = device,
            FreshSeed = options.Reinitialize && source is null ? seed : null,
            Formats = composer.Quantize(() => ModelLoader.Describe(folder)),
        });
        try
        {
            foreach (var parameter in model.BaseParameters)
            {
                parameter.Trains = parameter.Format.IsTrainable;
            }

            var adapter = source is null
                ? composer.Adapt(model, options.Adapter, options.SavedAdapter is { } named ? run.File.ResolvePath(named) : null, seed)
                : source.AdapterFolder is { } saved ? composer.Adapt(model, SavedAdapter.KindOf(saved), saved, seed) : null;
            composer.ChooseAttention(model, run.Options<AttentionOptions>().Name, model.BaseParameters[0].DType, device);
            var loss = composer.ChooseLoss(model, options.Loss);
            composer.Override(model);
            var offload = composer.Offload(model);
            model.CheckpointsLayers = run.Options<CheckpointingOptions>().Enabled;
            foreach (var entry in composer.Entries)
            {
                log.LogInformation("{Composition}", entry);
            }

            foreach (var note in composer.Notes)
            {
                log.LogWarning("{Note}", note);
            }

            return new ModelSession(folder, source is null ? options.BaseModel : folder, model, tokenizer, loss, adapter, offload, composer.Entries);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The options of one tape of this run.</summary>
    public TapeOptions Tape(TapeRequest request)
        => new() { Seed = request.Seed, Recording = request.IsRecording, Store = request.IsRecording ? offload.Saved : null, Observers = offload.Segments };

    /// <summary>Writes what was trained: the adapter where there is one, the whole model otherwise.</summary>
    /// <param name="target">An existing folder.</param>
    public void Save(string target)
    {
        if (Adapter is not null)
        {
            AdapterFolder.Write(target, AdapterSetup.Export(Model, Adapter, baseModel));
        }
        else
        {
            ModelSaver.Write(target, Model, HuggingFaceConfig.Open(Folder), Folder);
        }

        Tokenizer.CopyTo(target);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
