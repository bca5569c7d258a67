using System.Globalization;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Composition;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Hub;
using Neoteny.Models.Loading;
using Neoteny.Parameters;
using Neoteny.Training.Options;

namespace Neoteny.Host.Runs;

/// <summary>What a run would do to its model, found out on a model without weights.</summary>
internal static class ModelPlan
{
    /// <summary>The effective composition as lines: plugins, model, what is done by whom to which modules, what trains.</summary>
    /// <param name="run">The run.</param>
    /// <param name="log">For what deserves attention.</param>
    /// <param name="stop">Cancels a download: of a model on the hub the small files are fetched.</param>
    /// <exception cref="InputException">The configuration asks for something that is not there or does not fit, or plugins conflict.</exception>
    /// <exception cref="NeotenyException">A plugin fails.</exception>
    public static IReadOnlyList<string> Lines(RunContext run, ILogger log, CancellationToken stop)
    {
        run.Plugins.CreateExtensions();
        var options = run.Options<ModelOptions>();
        var device = DeviceChoice.Of(options.Device);
        var places = new HubPlaces(w => log.LogWarning("{Note}", w), stop);
        var folder = places.Folder(run.File, "base_model", options.BaseModel, options.Revision, HubSelection.Tokenizer, ModelSource.Otherwise);
        ModelSession.CheckOverrides(run, folder, options.ConfigOverrides);
        var adapter = options.SavedAdapter is { } saved
            ? places.Folder(run.File, "lora_model_dir", saved, null, HubSelection.Model, "Name one with adapter_config.json.")
            : null;
        var described = new ModelLoadOptions
        {
            DType = run.Options<PrecisionOptions>().WeightType(device),
            Overrides = Overrides(run, folder, adapter, places, log),
        };
        var composer = new ModelComposer(run.Plugins);
        var formats = composer.Quantize(() => ModelLoader.Describe(folder, described));
        using var model = ModelLoader.Describe(folder, described with { Formats = formats is null ? null : Planned(formats) });
        foreach (var parameter in model.BaseParameters)
        {
            parameter.Trains = parameter.Format.IsTrainable;
        }

        composer.Adapt(model, options.Adapter, adapter, seed: 0);
        composer.ChooseAttention(model, run.Options<AttentionOptions>().Name, model.BaseParameters[0].DType, device);
        composer.ChooseLoss(model, run.Loss.Name, run.Loss.Why);
        composer.Override(model);
        composer.Offload(model);
        return
        [
            .. run.Plugins.Plugins.Select(Line),
            Invariant($"model: {folder}: {model.Spec.Layers.Count} layers, {model.BaseParameters.Sum(p => p.Count):n0} parameters, {model.BaseParameters[0].DType} on {device}"),
            .. composer.Entries.Select(e => e.ToString()),
            .. composer.Notes.Select(n => $"note: {n}"),
            $"trains: {Trained(model)}",
        ];
    }

    /// <summary>How many parameters train.</summary>
    public static string Trained(DecoderModel model) =>
        Invariant($"{model.Parameters.Where(p => p.Trains).Sum(p => p.Count):n0} of {model.Parameters.Sum(p => p.Count):n0} parameters");

    /// <summary>What replaces keys of config.json, the rows that the run's tokens add to the embedding included.</summary>
    private static Dictionary<string, object?> Overrides(RunContext run, string folder, string? adapter, HubPlaces places, ILogger log)
    {
        var overrides = run.Options<ModelOptions>().ConfigOverrides.ToDictionary();
        using var tokenizer = RunTokenizer.Open(run, folder, null, places);
        var (_, rows) = ModelRows.Plan(HuggingFaceConfig.Open(folder).WithOverrides(overrides), tokenizer, run.Options<TokenOptions>(), adapter, log);
        if (rows is not null)
        {
            overrides["vocab_size"] = rows.Count;
        }

        return overrides;
    }

    private static string Line(LoadedPlugin plugin) => $"plugin: {plugin.Manifest}, {plugin.Why} ({plugin.Installed.Path})";

    private static Func<string, IWeightFormat?> Planned(Func<string, IWeightFormat?> formats)
    {
        var planned = new Dictionary<IWeightFormat, IWeightFormat>();
        return name => formats(name) is not { } real ? null
            : planned.TryGetValue(real, out var known) ? known : planned[real] = new PlannedFormat(real);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
