using System.Text.Json.Nodes;
using Neoteny.Adapters;
using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What must hold of the files that an adapter writes and reads.</summary>
internal sealed class AdapterFileChecks(CheckRun run, Func<IAdapter> create, ConformanceSettings settings)
{
    /// <summary>What was exported loads again, bit for bit, whatever the seed.</summary>
    public void LoadAgain(IAdapter adapter, TinyModel model, ScalarType dtype)
    {
        var deltas = AdapterDeltas.Attach(adapter, model);
        AdapterDeltas.Randomize(deltas, settings);
        var files = Export(adapter, model, deltas);
        var reader = create();
        run.That(reader.Reads(files), "it does not read its own files");
        using var other = TinyModel.Make(model.Variant, settings, dtype);
        var loaded = AdapterDeltas.Attach(reader, other, seed: 99, saved: files);
        run.That(loaded.Select(d => d.Site.Path).SequenceEqual(deltas.Select(d => d.Site.Path)), "it claims other sites when it loads");
        foreach (var ((site, mine), (_, theirs)) in deltas.Zip(loaded))
        {
            run.That(mine.Scale == theirs.Scale && mine.Dropout == theirs.Dropout, $"{site.Path}: scale or dropout differ after loading");
            run.That(mine.Parameters.Count() == theirs.Parameters.Count(), $"{site.Path}: a parameter is missing after loading");
            foreach (var (a, b) in mine.Parameters.Zip(theirs.Parameters))
            {
                run.Same(a.Path, Weights.Copy(a), Weights.Copy(b));
            }
        }
    }

    /// <summary>Configuration and tensors carry PEFT's names.</summary>
    public void AreNamedAsPeftDoes(IAdapter adapter, TinyModel model, ScalarType dtype)
    {
        var deltas = AdapterDeltas.Attach(adapter, model);
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
    }

    /// <summary>Files of another adapter are not read; a tensor that is missing or misshapen is an error that names it.</summary>
    public void ThatDoNotFitAreRefused(IAdapter adapter, TinyModel model, ScalarType dtype)
    {
        var files = Export(adapter, model, AdapterDeltas.Attach(adapter, model));
        run.That(!adapter.Reads(new AdapterFiles { Configuration = """{"peft_type": "NEOTENY_CONFORMANCE"}""", Tensors = files.Tensors }), "it claims to read the files of another adapter");
        run.That(!adapter.Reads(new AdapterFiles { Configuration = "no json {", Tensors = files.Tensors }), "it claims to read a configuration that is no JSON");
        var name = files.Tensors.Keys.Order(StringComparer.Ordinal).First();
        Refuse(model.Variant, dtype, files, name, files.Tensors.Where(t => t.Key != name).ToDictionary());
        Refuse(model.Variant, dtype, files, name, new Dictionary<string, Tensor>(files.Tensors) { [name] = zeros(3, 2, 1) });
    }

    private void Refuse(ModuleVariant variant, ScalarType dtype, AdapterFiles files, string name, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var other = TinyModel.Make(variant, settings, dtype);
        var what = tensors.ContainsKey(name) ? "of a wrong shape" : "missing";
        try
        {
            AdapterDeltas.Attach(create(), other, saved: new AdapterFiles { Configuration = files.Configuration, Tensors = tensors });
            run.Fail($"{name} is {what}, and it loads");
        }
        catch (NeotenyException e)
        {
            run.That(e.Message.Contains(name, StringComparison.Ordinal), $"{name} is {what}, and the error does not name it: {e.Message}");
        }
    }

    /// <summary>The files of attached deltas.</summary>
    public static AdapterFiles Export(IAdapter adapter, TinyModel model, List<(ModuleSite Site, LowRankDelta Delta)> deltas)
        => adapter.Export(new AdapterExport { Model = model, Deltas = [.. deltas.Select(d => KeyValuePair.Create(d.Site.Path, d.Delta))], BaseModel = "./base" });
}
