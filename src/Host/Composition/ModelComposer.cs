using System.Globalization;
using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Host.Plugins;
using Neoteny.Losses;
using Neoteny.Models.Adapters;
using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parallelism;
using Neoteny.Parameters;
using Neoteny.Quantization;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Host.Composition;

/// <summary>Decides what the loaded plugins do to a model, in the one order there is: quantize, adapt, choose kernels, override, wrap, offload.</summary>
/// <remarks>
/// Claims are gathered on the untouched model and checked before anything is applied; everything is listed. Quantizing, overriding and offloading
/// are decided here and applied by the caller, so that a plan can be made on a model without weights.
/// </remarks>
internal sealed class ModelComposer(PluginSet plugins)
{
    private readonly List<CompositionEntry> entries = [];
    private readonly List<string> notes = [];

    /// <summary>What was done, in order.</summary>
    public IReadOnlyList<CompositionEntry> Entries => entries;

    /// <summary>What deserves attention: claims that yielded, overrides that match nothing.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>The stored format of each parameter by name, as the loaded quantizers claim; null when there are none.</summary>
    /// <param name="describe">Builds the model without weights.</param>
    /// <exception cref="InputException">Two quantizers claim one site.</exception>
    public Func<string, IWeightFormat?>? Quantize(Func<DecoderModel> describe)
    {
        var quantizers = plugins.All<IQuantizer>().ToList();
        if (quantizers.Count == 0)
        {
            return null;
        }

        var formats = new Dictionary<string, IWeightFormat>();
        var owners = new Dictionary<string, ExtensionSource>();
        using var model = describe();
        foreach (var quantizer in quantizers)
        {
            var source = Source(quantizer);
            var paths = quantizer.Instance.Claim(model).ToList();
            foreach (var path in paths)
            {
                if (!owners.TryAdd(path, source))
                {
                    throw new InputException($"{owners[path]} and {source} both want to quantize {path}. Switch one of them off in the configuration.");
                }

                var site = model.At(path);
                foreach (var parameter in site.Parameters)
                {
                    if (quantizer.Instance.Format(site, parameter) is { } format)
                    {
                        formats[parameter.Path] = format;
                    }
                }
            }

            Add("quantize", source, paths, Formats(paths.SelectMany(p => model.At(p).Parameters).Select(p => formats.GetValueOrDefault(p.Path)?.Name)));
        }

        return formats.GetValueOrDefault;
    }

    /// <summary>Attaches the adapter that the run asks for.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The adapter; null for none.</param>
    /// <param name="savedFolder">A saved one to go on from.</param>
    /// <param name="seed">Seed of a fresh one.</param>
    public IAdapter? Adapt(DecoderModel model, string? name, string? savedFolder, ulong seed)
    {
        if (name is null)
        {
            return null;
        }

        var adapter = plugins.Get<IAdapter>(name, "adapter");
        var saved = savedFolder is null ? null : AdapterFolder.Read(savedFolder);
        if (saved is not null && !adapter.Reads(saved))
        {
            throw new InputException($"'{savedFolder}' does not hold an adapter of the kind '{name}'. Name another folder, or the adapter that wrote it.");
        }

        var paths = AdapterSetup.Attach(model, adapter, saved, seed);
        Add("adapt", SourceOf(adapter, name), paths, Ranks([.. paths.SelectMany(p => model.At(p).Deltas)]));
        if (saved is not null)
        {
            AdapterFolder.Free(saved);
        }

        return adapter;
    }

    /// <summary>Puts the attention kernel in place: the one named, or the best that can run the model.</summary>
    /// <exception cref="InputException">The kernel cannot compute what the model needs.</exception>
    public void ChooseAttention(DecoderModel model, string? name, ScalarType dtype, Device device)
    {
        var demands = Determinism.IsOn ? AttentionFeatures.Deterministic : AttentionFeatures.None;
        var (kernel, chosen, why, note) = new AttentionChoice(plugins, [.. model.Spec.Kernels], demands, dtype, device).Of(name);
        model.Attention.Exchange(kernel);
        Add("attention", SourceOf(kernel, chosen), [], why);
        if (note is not null)
        {
            notes.Add(note);
        }
    }

    /// <summary>Finds the loss.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The name that a plugin provides.</param>
    /// <param name="why">What chose it, for the composition; null for nothing to say.</param>
    /// <exception cref="InputException">It cannot compute what the model needs.</exception>
    public ILoss ChooseLoss(DecoderModel model, string name, string? why)
    {
        var loss = plugins.Get<ILoss>(name, "loss");
        var source = SourceOf(loss, name);
        FeatureCheck.Demand(source, "this model", model.LossDemands, loss.Supports);
        Add("loss", source, [], why);
        return loss;
    }

    /// <summary>Collects where the loaded offload plugins want weights and saved tensors, and who hears the segments.</summary>
    /// <exception cref="InputException">Two plugins want to store saved tensors, or to home one parameter.</exception>
    public OffloadPlan Offload(DecoderModel model)
    {
        var offloads = plugins.All<IOffload>().ToList();
        var stores = offloads.Where(o => o.Instance.Saved is not null).ToList();
        if (stores.Count > 1)
        {
            throw new InputException($"{Source(stores[0])} and {Source(stores[1])} both want to store activations. Switch one of them off in the configuration.");
        }

        var owners = new Dictionary<Parameter, ExtensionSource>();
        var homes = new List<(Parameter Parameter, IWeightHome Home)>();
        foreach (var offload in offloads)
        {
            var source = Source(offload);
            var moved = new List<string>();
            foreach (var site in model.Sites)
            {
                foreach (var parameter in site.Parameters)
                {
                    if (offload.Instance.Home(site, parameter) is not { } home)
                    {
                        continue;
                    }

                    if (!owners.TryAdd(parameter, source) && owners[parameter] != source)
                    {
                        throw new InputException($"{owners[parameter]} and {source} both want to move {parameter.Path}. Switch one of them off in the configuration.");
                    }

                    homes.Add((parameter, home));
                    moved.Add(site.Path);
                }
            }

            Add("offload", source, moved);
        }

        return new OffloadPlan(stores.FirstOrDefault()?.Instance.Saved, [.. offloads.Select(o => o.Instance.Segments).OfType<ISegmentObserver>()], homes);
    }

    /// <summary>Decides which override replaces or wraps which site.</summary>
    /// <exception cref="InputException">Claims conflict, or a loaded plugin needs what a single process does not have.</exception>
    public OverridePlan Override(DecoderModel model)
    {
        if (plugins.All<IParallelism>().FirstOrDefault() is { } parallel)
        {
            throw new InputException($"{Source(parallel)} needs several processes; this version runs in one. Remove the plugin from the configuration.");
        }

        var plan = OverridePlan.Make(model, plugins.Active<IModuleOverride>().Select(o => (Source(o), o.Instance)));
        entries.AddRange(plan.Entries);
        notes.AddRange(plan.Notes);
        return plan;
    }

    private void Add(string stage, ExtensionSource source, IReadOnlyList<string> paths, string? detail = null) => entries.Add(new CompositionEntry(stage, source, paths, detail));

    private static string Formats(IEnumerable<string?> names)
        => string.Join(", ", names.OfType<string>().GroupBy(n => n).Select(g => $"{g.Key} ({g.Count()} parameters)").DefaultIfEmpty("no parameter"));

    private static string Ranks(IReadOnlyList<LowRankDelta> deltas)
        => string.Create(CultureInfo.InvariantCulture, $"rank {string.Join(", ", deltas.Select(d => d.Rank).Distinct())}, {deltas.SelectMany(d => d.Parameters).Sum(p => p.Count):n0} parameters");

    private ExtensionSource SourceOf<TPoint>(TPoint instance, string name)
        where TPoint : class
        => plugins.All<TPoint>().Where(e => ReferenceEquals(e.Instance, instance) && e.Name == name).Select(Source).First();

    private static ExtensionSource Source<TPoint>(ProvidedExtension<TPoint> extension) => new(extension.Plugin, extension.Version, extension.Name);
}
