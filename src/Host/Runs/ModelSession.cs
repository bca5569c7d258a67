using Microsoft.Extensions.Logging;
using Neoteny.Adapters;
using Neoteny.Host.Composition;
using Neoteny.Host.Configuration;
using Neoteny.Losses;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Loading;
using Neoteny.Models.Tokenizers;
using Neoteny.Training.Options;
using static TorchSharp.torch;

namespace Neoteny.Host.Runs;

/// <summary>A model composed as a configuration says: weights, kernels, adapter, and what each plugin did to which site.</summary>
internal sealed class ModelSession : IDisposable
{
    private ModelSession(string folder, DecoderModel model, Tokenizer tokenizer, ILoss loss, IAdapter? adapter, IReadOnlyList<CompositionEntry> composition)
        => (Folder, Model, Tokenizer, Loss, Adapter, Composition) = (folder, model, tokenizer, loss, adapter, composition);

    /// <summary>The base model's folder.</summary>
    public string Folder { get; }

    /// <summary>The model.</summary>
    public DecoderModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The loss in use.</summary>
    public ILoss Loss { get; }

    /// <summary>The adapter attached, or null.</summary>
    public IAdapter? Adapter { get; }

    /// <summary>What was done by whom, in order.</summary>
    public IReadOnlyList<CompositionEntry> Composition { get; }

    /// <summary>Loads and composes the model of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="log">For the composition.</param>
    /// <param name="adapterFolder">A saved adapter; null for what the configuration says.</param>
    /// <exception cref="InputException">The configuration asks for something that is not there or does not fit.</exception>
    public static ModelSession Open(RunContext run, ILogger log, string? adapterFolder = null)
    {
        var options = run.Options<ModelOptions>();
        var device = DeviceChoice.Of(options.Device);
        var folder = run.File.ResolvePath(options.BaseModel);
        var dtype = run.Options<PrecisionOptions>().WeightType(device);
        var tokenizer = Tokenizer.Load(folder);
        var composer = new ModelComposer(run.Plugins);
        var model = ModelLoader.Load(folder, new ModelLoadOptions
        {
            DType = dtype,
            Device = device,
            FreshSeed = options.Reinitialize ? (ulong)run.Options<StepOptions>().Seed : null,
            Formats = composer.Quantize(() => ModelLoader.Describe(folder)),
        });
        try
        {
            foreach (var parameter in model.BaseParameters)
            {
                parameter.Trains = parameter.Format.IsTrainable;
            }

            var saved = adapterFolder ?? (options.SavedAdapter is { } named ? run.File.ResolvePath(named) : null);
            var adapter = composer.Adapt(model, options.Adapter, saved, (ulong)run.Options<StepOptions>().Seed);
            composer.ChooseAttention(model, run.Options<AttentionOptions>().Name, dtype, device);
            var loss = composer.ChooseLoss(model, options.Loss);
            composer.Override(model);
            model.CheckpointsLayers = run.Options<CheckpointingOptions>().Enabled;
            foreach (var entry in composer.Entries)
            {
                log.LogInformation("{Composition}", entry);
            }

            foreach (var note in composer.Notes)
            {
                log.LogWarning("{Note}", note);
            }

            return new ModelSession(folder, model, tokenizer, loss, adapter, composer.Entries);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes what was trained: the adapter where there is one, the whole model otherwise.</summary>
    /// <param name="target">An existing folder.</param>
    public void Save(string target)
    {
        if (Adapter is not null)
        {
            AdapterFolder.Write(target, AdapterSetup.Export(Model, Adapter, Folder));
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
