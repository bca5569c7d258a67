using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="IAdapter"/> must do, with options that make it claim something of a tiny model.</summary>
public sealed class AdapterSuite : ConformanceSuite
{
    private readonly Func<IAdapter> create;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does, each time with the same options.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public AdapterSuite(Func<IAdapter> create, ConformanceSettings? settings = null)
        : base("adapter", settings)
    {
        this.create = create;
        Add("Claims are sites that can carry a delta", Claims);
        Add("Deltas have the shapes and features that are declared", Deltas);
        Add("A fresh adapter changes nothing", Fresh);
        Add("Initial values depend on the seed and the site alone", Seeded);
        Add("Gradients reach the delta and nothing else", Gradients);
        Add("What was exported loads again", run => ForEach(run, Settings.EffectiveDTypes, Files(run).LoadAgain));
        Add("Files are named as PEFT names them", run => ForEach(run, [Settings.FirstDType], Files(run).AreNamedAsPeftDoes));
        Add("Files that do not fit are refused by name", run => ForEach(run, [Settings.FirstDType], Files(run).ThatDoNotFitAreRefused));
        Add("Merging gives what the adapter gave", Merged);
        Add("The same inputs give the same bits on the CPU", run => Conduct.OnTheCpu(run, Settings, () => Conducted(run, Conduct.SameBits)));
        Add("Inputs stay as they are", run => Conducted(run, Conduct.InputsStay));
        Add("Nothing but the results stays alive", run => Conducted(run, Conduct.LeavesNothing));
        Add("Any thread may call it", run => Conducted(run, (r, w) => Conduct.AnyThread(r, w, Tolerance.Of(ScalarType.Float32))));
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private static ModuleVariant[] Variants { get; } = [.. ModuleVariant.All.Where(v => v.Name is "plain" or "odd sizes" or "biases").Select(v => v with { Trains = false })];

    private AdapterFileChecks Files(CheckRun run) => new(run, create, Settings);

    private void Claims(CheckRun run) => ForEach(run, [Settings.FirstDType], (adapter, model, _) =>
    {
        var paths = adapter.Claim(new AdapterRequest { Model = model }).ToList();
        run.That(paths.Count > 0, "it claims nothing; create it with options that name linear modules, or all of them");
        run.That(paths.Distinct().Count() == paths.Count, "it claims a site twice");
        foreach (var path in paths)
        {
            var block = model.Sites.FirstOrDefault(s => s.Path == path)?.Original;
            run.That(block is not null, $"it claims '{path}', which the model does not have");
            run.That(
                block is null or ILinear or IHead or IRouter || (block is IEmbedding && adapter.Supports.HasFlag(AdapterFeatures.Embeddings)) || (block is IExperts && adapter.Supports.HasFlag(AdapterFeatures.Experts)),
                $"it claims {path}, a site that it does not declare in Supports");
        }
    });

    private void Deltas(CheckRun run) => ForEach(run, [Settings.FirstDType], (adapter, model, _) =>
    {
        foreach (var (site, delta) in AdapterDeltas.Attach(adapter, model))
        {
            var (stacked, outputs, inputs) = WeightOf(site.Original, delta.Target);
            var rank = delta.A.Shape[0] / stacked;
            run.That(delta.ExpertCount == stacked, $"{site.Path}: the delta says that it holds {delta.ExpertCount} matrices where the weight holds {stacked}");
            run.That(delta.A.Shape.SequenceEqual([stacked * rank, inputs]), $"{site.Path}: A has shape [{string.Join(", ", delta.A.Shape)}] instead of [R, {inputs}]");
            run.That(delta.B.Shape.SequenceEqual([outputs, rank * stacked]), $"{site.Path}: B has shape [{string.Join(", ", delta.B.Shape)}] instead of [{outputs}, {rank * stacked}]");
            run.That(delta.Magnitude is null || delta.Magnitude.Shape.SequenceEqual([outputs]), $"{site.Path}: the magnitudes do not have shape [{outputs}]");
            run.That(delta.Bias is null || delta.Bias.Shape.SequenceEqual([outputs]), $"{site.Path}: the bias does not have shape [{outputs}]");
            run.That(double.IsFinite(delta.Scale) && delta.Dropout is >= 0 and < 1, $"{site.Path}: scale {delta.Scale} or dropout {delta.Dropout} is out of range");
            run.That(delta.Parameters.All(p => site.Added.Contains(p)), $"{site.Path}: a parameter was not made with ModuleSite.AddParameter");
            run.That(delta.Parameters.All(p => p.Trains), $"{site.Path}: a parameter does not train");
            run.That(delta.Parameters.All(p => p.Device.type == Settings.Device.type), $"{site.Path}: a parameter is not on {Settings.Device}");
            var used = (delta.Dropout > 0 ? AdapterFeatures.Dropout : 0) | (delta.Magnitude is null ? 0 : AdapterFeatures.Magnitude) | (delta.Bias is null ? 0 : AdapterFeatures.Bias);
            run.That((used & ~adapter.Supports) == 0, $"{site.Path}: it uses {used & ~adapter.Supports}, which it does not declare in Supports");
        }
    });

    private void Fresh(CheckRun run) => ForEach(run, Settings.EffectiveDTypes, (adapter, model, dtype) =>
    {
        var quiet = new TapeOptions { Recording = false };
        var paths = adapter.Claim(new AdapterRequest { Model = model }).ToList();
        var calls = paths.ToDictionary(p => p, p => SiteCalls.Of(model.At(p), [5, 1], Settings, dtype)[0]);
        var before = paths.ToDictionary(p => p, p => calls[p].Run(model.At(p).Original, [], quiet).Outputs[0]);
        AdapterDeltas.Attach(adapter, model);
        foreach (var path in paths)
        {
            run.Close($"{path}, output", before[path], calls[path].Run(model.At(path).Original, [], quiet).Outputs[0], Tolerance.Of(dtype));
        }
    });

    private void Seeded(CheckRun run) => ForEach(run, [Settings.FirstDType], (adapter, model, dtype) =>
    {
        Tensor Start(ulong seed)
        {
            using var other = TinyModel.Make(model.Variant, Settings, dtype);
            return cat([.. AdapterDeltas.Attach(create(), other, seed).SelectMany(d => d.Delta.Parameters).Select(p => Weights.Copy(p).reshape(-1))]);
        }

        run.Same("initial values of one seed", Start(3), Start(3));
        run.That(!Comparison.SameBits(Start(3), Start(4)), "two seeds give the same initial values");
    });

    private void Gradients(CheckRun run) => ForEach(run, Settings.EffectiveDTypes, (adapter, model, dtype) =>
    {
        var deltas = AdapterDeltas.Attach(adapter, model, dropout: false);
        AdapterDeltas.Randomize(deltas, Settings);
        using var exact = AdapterDeltas.ExactWith(model, deltas);
        foreach (var (site, _) in deltas)
        {
            foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype))
            {
                using var __ = call;
                using var exactCall = call.Exact();
                SiteComparison.Compare(run, site.Path, exactCall.Run(exact.At(site.Path).Original, exact.Parameters), call.Run(site.Original, model.Parameters), Tolerance.Of(dtype));
            }
        }
    });

    private void Merged(CheckRun run) => ForEach(run, [ScalarType.Float32], (adapter, model, dtype) =>
    {
        var deltas = AdapterDeltas.Attach(adapter, model, dropout: false);
        AdapterDeltas.Randomize(deltas, Settings);
        foreach (var (site, delta) in deltas.Where(d => d.Site.Original is ILinear && d.Delta.Bias is null))
        {
            using var call = SiteCalls.Of(site, [5, 1], Settings, dtype)[0];
            var linear = (ILinear)site.Original;
            var adapted = call.Run(linear, [], new TapeOptions { Recording = false }).Outputs[0];
            var merged = Comparison.Wide(Weights.Copy(linear.Weight)).add(Comparison.Wide(Weights.Copy(delta.B)).mm(Comparison.Wide(Weights.Copy(delta.A))), Scalars.Of(delta.Scale));
            if (delta.Magnitude is { } magnitude)
            {
                merged = merged.mul(Comparison.Wide(Weights.Copy(magnitude)).div(merged.norm(1, false, 2f)).unsqueeze(1));
            }

            var expected = Comparison.Wide(call.Inputs[0]).mm(merged.t());
            run.Close($"{site.Path}, output", linear.Bias is { } bias ? expected.add(Comparison.Wide(Weights.Copy(bias)), Scalars.One) : expected, adapted, Tolerance.Of(dtype));
        }
    });

    /// <summary>One call attaches to the whole model and exports; what is lent are the model's weights.</summary>
    private void Conducted(CheckRun run, Action<CheckRun, Workload> check) => ForEach(run, [Settings.FirstDType], (_, model, _) =>
    {
        var adapter = create();
        check(run, new Workload([.. model.Parameters.Select(p => (p.Path, Weights.Own(p)))], () =>
        {
            var files = AdapterFileChecks.Export(adapter, model, AdapterDeltas.Attach(adapter, model));
            List<(string, Tensor)> results = [.. files.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (t.Key, t.Value.clone()))];
            foreach (var site in model.Sites)
            {
                site.Detach();
            }

            return results;
        }));
    }, "plain");

    private void ForEach(CheckRun run, IReadOnlyList<ScalarType> dtypes, Action<IAdapter, TinyModel, ScalarType> check, string? only = null)
    {
        foreach (var variant in Variants.Where(v => only is null || v.Name == only))
        {
            foreach (var dtype in dtypes)
            {
                run.Case($"{variant.Name}, {dtype}", () =>
                {
                    using var model = TinyModel.Make(variant, Settings, dtype);
                    check(create(), model, dtype);
                });
            }
        }
    }

    /// <summary>Stacked matrices (1 for a plain weight), outputs and inputs of the weight that a delta adds to.</summary>
    private static (long Stacked, long Outputs, long Inputs) WeightOf(IBlock block, DeltaTarget target)
    {
        var shape = (block, target) switch
        {
            (ILinear linear, _) => linear.Weight.Shape,
            (IHead head, _) => head.Weight.Shape,
            (IEmbedding embedding, _) => embedding.Weight.Shape,
            (IRouter router, _) => router.Weight.Shape,
            (IExperts experts, DeltaTarget.Down) => experts.Down.Shape,
            (IExperts experts, _) => experts.GateUp.Shape,
            _ => throw new NotSupportedException($"The kit does not know deltas on a {block.GetType().Name}."),
        };
        return (shape.Count == 3 ? shape[0] : 1, shape[^2], shape[^1]);
    }
}
