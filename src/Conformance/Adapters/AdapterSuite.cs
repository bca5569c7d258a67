using System.Text.Json;
using System.Text.Json.Nodes;
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
        Add("What was exported loads again", RoundTrip);
        Add("Files are named as PEFT names them", Names);
        Add("Files that do not fit are refused by name", Refused);
        Add("Merging gives what the adapter gave", Merged);
        Add("Nothing but the results stays alive", Leaks);
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private static ModuleVariant[] Variants { get; } = [.. ModuleVariant.All.Where(v => v.Name is "plain" or "odd sizes" or "biases").Select(v => v with { Trains = false })];

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
        foreach (var (site, delta) in Attach(adapter, model))
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
        Attach(adapter, model);
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
            return cat([.. Attach(create(), other, seed).SelectMany(d => d.Delta.Parameters).Select(p => Values(p).reshape(-1))]);
        }

        run.Same("initial values of one seed", Start(3), Start(3));
        run.That(!Comparison.SameBits(Start(3), Start(4)), "two seeds give the same initial values");
    });

    private void Gradients(CheckRun run) => ForEach(run, Settings.EffectiveDTypes, (adapter, model, dtype) =>
    {
        var deltas = Attach(adapter, model, dropout: false);
        Randomize(deltas);
        using var exact = ExactWith(model, deltas);
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

    private void RoundTrip(CheckRun run) => ForEach(run, Settings.EffectiveDTypes, (adapter, model, dtype) =>
    {
        var deltas = Attach(adapter, model);
        Randomize(deltas);
        var files = Export(adapter, model, deltas);
        var reader = create();
        run.That(reader.Reads(files), "it does not read its own files");
        using var other = TinyModel.Make(model.Variant, Settings, dtype);
        var loaded = Attach(reader, other, seed: 99, saved: files);
        run.That(loaded.Select(d => d.Site.Path).SequenceEqual(deltas.Select(d => d.Site.Path)), "it claims other sites when it loads");
        foreach (var ((site, mine), (_, theirs)) in deltas.Zip(loaded))
        {
            run.That(mine.Scale == theirs.Scale && mine.Dropout == theirs.Dropout, $"{site.Path}: scale or dropout differ after loading");
            run.That(mine.Parameters.Count() == theirs.Parameters.Count(), $"{site.Path}: a parameter is missing after loading");
            foreach (var (a, b) in mine.Parameters.Zip(theirs.Parameters))
            {
                run.Same(a.Path, Values(a), Values(b));
            }
        }
    });

    private void Names(CheckRun run) => ForEach(run, [Settings.FirstDType], (adapter, model, _) =>
    {
        var deltas = Attach(adapter, model);
        var files = Export(adapter, model, deltas);
        var json = JsonNode.Parse(files.Configuration);
        run.That(json?["peft_type"] is JsonValue, "adapter_config.json has no peft_type");
        run.That((string?)json?["base_model_name_or_path"] == "./base", "adapter_config.json does not name the base model in base_model_name_or_path");
        run.That(files.Tensors.Count == deltas.Sum(d => d.Delta.Parameters.Count()), $"it exports {files.Tensors.Count} tensors for {deltas.Sum(d => d.Delta.Parameters.Count())} parameters");
        foreach (var (site, _) in deltas)
        {
            var prefix = $"base_model.model.{site.Path}.";
            run.That(files.Tensors.Keys.Any(k => k.StartsWith(prefix, StringComparison.Ordinal)), $"no tensor's name begins with {prefix}");
        }
    });

    private void Refused(CheckRun run) => ForEach(run, [Settings.FirstDType], (adapter, model, dtype) =>
    {
        var files = Export(adapter, model, Attach(adapter, model));
        run.That(!adapter.Reads(new AdapterFiles { Configuration = """{"peft_type": "NEOTENY_CONFORMANCE"}""", Tensors = files.Tensors }), "it claims to read the files of another adapter");
        run.That(!adapter.Reads(new AdapterFiles { Configuration = "no json {", Tensors = files.Tensors }), "it claims to read a configuration that is no JSON");
        var name = files.Tensors.Keys.Order(StringComparer.Ordinal).First();
        Refuse(run, model.Variant, dtype, files, name, files.Tensors.Where(t => t.Key != name).ToDictionary());
        Refuse(run, model.Variant, dtype, files, name, new Dictionary<string, Tensor>(files.Tensors) { [name] = zeros(3, 2, 1) });
    });

    private void Refuse(CheckRun run, ModuleVariant variant, ScalarType dtype, AdapterFiles files, string name, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var other = TinyModel.Make(variant, Settings, dtype);
        var what = tensors.ContainsKey(name) ? "of a wrong shape" : "missing";
        try
        {
            Attach(create(), other, saved: new AdapterFiles { Configuration = files.Configuration, Tensors = tensors });
            run.Fail($"{name} is {what}, and it loads");
        }
        catch (NeotenyException e)
        {
            run.That(e.Message.Contains(name, StringComparison.Ordinal), $"{name} is {what}, and the error does not name it: {e.Message}");
        }
    }

    private void Merged(CheckRun run) => ForEach(run, [ScalarType.Float32], (adapter, model, dtype) =>
    {
        var deltas = Attach(adapter, model, dropout: false);
        Randomize(deltas);
        foreach (var (site, delta) in deltas.Where(d => d.Site.Original is ILinear && d.Delta.Bias is null))
        {
            using var call = SiteCalls.Of(site, [5, 1], Settings, dtype)[0];
            var linear = (ILinear)site.Original;
            var adapted = call.Run(linear, [], new TapeOptions { Recording = false }).Outputs[0];
            var merged = Comparison.Wide(Values(linear.Weight)).add(Comparison.Wide(Values(delta.B)).mm(Comparison.Wide(Values(delta.A))), Scalars.Of(delta.Scale));
            if (delta.Magnitude is { } magnitude)
            {
                merged = merged.mul(Comparison.Wide(Values(magnitude)).div(merged.norm(1, false, 2f)).unsqueeze(1));
            }

            var expected = Comparison.Wide(call.Inputs[0]).mm(merged.t());
            run.Close($"{site.Path}, output", linear.Bias is { } bias ? expected.add(Comparison.Wide(Values(bias)), Scalars.One) : expected, adapted, Tolerance.Of(dtype));
        }
    });

    private void Leaks(CheckRun run) => ForEach(run, [Settings.FirstDType], (_, model, _) =>
    {
        var adapter = create();
        Conduct.LeavesNothing(run, new Workload([], () =>
        {
            Attach(adapter, model);
            foreach (var site in model.Sites)
            {
                site.Detach();
            }

            return [];
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

    private static List<(ModuleSite Site, LowRankDelta Delta)> Attach(IAdapter adapter, TinyModel model, ulong seed = 3, AdapterFiles? saved = null, bool dropout = true)
    {
        var request = new AdapterRequest { Model = model, Seed = seed, Saved = saved };
        var deltas = new List<(ModuleSite, LowRankDelta)>();
        foreach (var path in adapter.Claim(request).ToList())
        {
            var site = model.At(path);
            foreach (var delta in adapter.AttachAll(site, request))
            {
                site.Attach(dropout ? delta : Copy(delta, static p => p));
                deltas.Add((site, delta));
            }
        }

        return deltas;
    }

    private static AdapterFiles Export(IAdapter adapter, TinyModel model, List<(ModuleSite Site, LowRankDelta Delta)> deltas)
        => adapter.Export(new AdapterExport { Model = model, Deltas = [.. deltas.Select(d => KeyValuePair.Create(d.Site.Path, d.Delta))], BaseModel = "./base" });

    private void Randomize(List<(ModuleSite Site, LowRankDelta Delta)> deltas)
    {
        using var draw = Settings.Draw();
        foreach (var (_, delta) in deltas)
        {
            delta.B.Update(b => b.copy_(draw.Scaled(0.3, ScalarType.Float32, [.. delta.B.Shape])));
        }
    }

    private static TinyModel ExactWith(TinyModel model, List<(ModuleSite Site, LowRankDelta Delta)> deltas)
    {
        var exact = TinyModel.ExactCopyOf(model);
        foreach (var (site, delta) in deltas)
        {
            var target = exact.At(site.Path);
            Parameter Add(Parameter p)
                => target.AddParameter(p.Path[(site.Path.Length + 1)..], Comparison.Wide(Values(p)).clone());

            target.Attach(Copy(delta, Add));
        }

        return exact;
    }

    /// <summary>The delta without dropout, of the same or of copied parameters.</summary>
    private static LowRankDelta Copy(LowRankDelta delta, Func<Parameter, Parameter> parameter) => new()
    {
        A = parameter(delta.A),
        B = parameter(delta.B),
        Magnitude = delta.Magnitude is { } m ? parameter(m) : null,
        Bias = delta.Bias is { } b ? parameter(b) : null,
        Target = delta.Target,
        ExpertCount = delta.ExpertCount,
        Scale = delta.Scale,
    };

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

    private static Tensor Values(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor.clone();
    }
}
