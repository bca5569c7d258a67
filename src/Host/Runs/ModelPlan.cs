using System.Globalization;
using Neoteny.Host.Composition;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Models.Decoder;
using Neoteny.Models.Loading;
using Neoteny.Parameters;
using Neoteny.Training.Options;

namespace Neoteny.Host.Runs;

/// <summary>What a run would do to its model, found out on a model without weights.</summary>
internal static class ModelPlan
{
    /// <summary>The effective composition as lines: plugins, model, what is done by whom to which modules, what trains.</summary>
    /// <param name="run">The run.</param>
    /// <exception cref="InputException">The configuration asks for something that is not there or does not fit, or plugins conflict.</exception>
    /// <exception cref="NeotenyException">A plugin fails.</exception>
    public static IReadOnlyList<string> Lines(RunContext run)
    {
        run.Plugins.CreateExtensions();
        var options = run.Options<ModelOptions>();
        var device = DeviceChoice.Of(options.Device);
        var folder = ModelSession.FolderOf(run);
        var described = new ModelLoadOptions { DType = run.Options<PrecisionOptions>().WeightType(device), Overrides = options.ConfigOverrides };
        var composer = new ModelComposer(run.Plugins);
        var formats = composer.Quantize(() => ModelLoader.Describe(folder, described));
        using var model = ModelLoader.Describe(folder, described with { Formats = formats is null ? null : Planned(formats) });
        foreach (var parameter in model.BaseParameters)
        {
            parameter.Trains = parameter.Format.IsTrainable;
        }

        composer.Adapt(model, options.Adapter, options.SavedAdapter is { } saved ? run.File.ResolvePath(saved) : null, seed: 0);
        composer.ChooseAttention(model, run.Options<AttentionOptions>().Name, model.BaseParameters[0].DType, device);
        composer.ChooseLoss(model, options.Loss);
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

    private static string Line(LoadedPlugin plugin) => $"plugin: {plugin.Manifest}, {plugin.Why} ({plugin.Installed.Path})";

    private static Func<string, IWeightFormat?> Planned(Func<string, IWeightFormat?> formats)
    {
        var planned = new Dictionary<IWeightFormat, IWeightFormat>();
        return name => formats(name) is not { } real ? null
            : planned.TryGetValue(real, out var known) ? known : planned[real] = new PlannedFormat(real);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
