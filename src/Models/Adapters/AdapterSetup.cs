using Neoteny.Adapters;
using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Models.Adapters;

/// <summary>Attaches adapters to a model, collects them for saving, and merges them into the weights.</summary>
public static class AdapterSetup
{
    /// <summary>Freezes the model and attaches an adapter; only what it added trains, and the modules it names whole.</summary>
    /// <returns>The paths it was attached to.</returns>
    /// <exception cref="NeotenyException">The adapter claims something that is not there or cannot carry it.</exception>
    public static IReadOnlyList<string> Attach(DecoderModel model, IAdapter adapter, AdapterFiles? saved, ulong seed)
    {
        foreach (var parameter in model.BaseParameters)
        {
            parameter.Trains = false;
        }

        var request = new AdapterRequest { Model = model, Saved = saved, Seed = seed };
        var paths = adapter.Claim(request).ToList();
        foreach (var (name, parameter) in adapter.ClaimWhole(request).ToList())
        {
            TrainWhole(name, parameter, saved);
        }

        foreach (var path in paths)
        {
            var site = model.At(path);
            foreach (var delta in adapter.AttachAll(site, request))
            {
                Check(site, delta, adapter.Supports);
                CheckShapes(site, delta);
                site.Attach(delta);
            }
        }

        return paths;
    }

    /// <summary>Turns what is attached to a model into files.</summary>
    public static AdapterFiles Export(DecoderModel model, IAdapter adapter, string baseModel) => adapter.Export(new AdapterExport
    {
        Model = model,
        Deltas = [.. model.Sites.SelectMany(s => s.Deltas.Select(d => KeyValuePair.Create(s.Path, d)))],
        BaseModel = baseModel,
    });

    /// <summary>Adds every delta to its weight and takes it off, in fp32 whatever the weight's dtype.</summary>
    public static void Merge(DecoderModel model)
    {
        foreach (var site in model.Sites.Where(s => s.Deltas.Count > 0))
        {
            if (site.Deltas.Any(d => d.Bias is not null))
            {
                MergeBiases(site.Path, (site.Original as ILinear)?.Bias, site.Deltas);
            }

            if (site.Original is IHead or IEmbedding && model.Spec.TiesHead)
            {
                throw new InputException($"{site.Path}: the model ties the embedding and the head, so an adapter on one of them cannot be merged without changing the other. "
                    + "Use the model with the adapter beside it.");
            }

            foreach (var group in site.Deltas.GroupBy(d => d.Target))
            {
                Merge(DeltaWeight.Of(site, group.Key), [.. group]);
            }

            site.Detach();
        }
    }

    private static void TrainWhole(string name, Parameter parameter, AdapterFiles? saved)
    {
        if (!parameter.Format.IsTrainable)
        {
            throw new InputException($"{parameter.Path} is to train in full beside the adapter, but it is quantized. Leave it out of lora_modules_to_save, or do not quantize it.");
        }

        parameter.Trains = true;
        if (saved is null)
        {
            return;
        }

        if (!saved.Tensors.TryGetValue(name, out var tensor))
        {
            throw new InputException($"{AdapterFolder.WeightsFile} has no tensor '{name}', which {AdapterFolder.ConfigurationFile} calls for. "
                + "The adapter belongs to another model, or its file is incomplete.");
        }

        if (!tensor.shape.SequenceEqual(parameter.Shape))
        {
            throw new InputException($"{AdapterFolder.WeightsFile}: '{name}' has shape [{string.Join(", ", tensor.shape)}] where the model has [{string.Join(", ", parameter.Shape)}]. "
                + "The adapter belongs to another model, or to one with other tokens: give the special_tokens and tokens it was trained with.");
        }

        using var scope = NewDisposeScope();
        parameter.Load(tensor.to(parameter.DType, copy: true).to(parameter.Device).MoveToOuterDisposeScope());
    }

    private static void MergeBiases(string path, Parameter? bias, IEnumerable<LowRankDelta> deltas)
    {
        if (bias is null)
        {
            throw new InputException($"{path}: the adapter has a bias (lora_bias) and the module has none, so they cannot be merged. Use the model with the adapter beside it.");
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var lease = bias.Rent(ScalarType.Float32);
        var sum_O = lease.Tensor.clone();
        foreach (var delta in deltas.Where(d => d.Bias is not null))
        {
            using var b_O = delta.Bias!.Rent(ScalarType.Float32);
            sum_O.add_(b_O.Tensor.mul(Scalars.Of(delta.Scale)), Scalars.One);
        }

        bias.Load(sum_O.to(bias.DType).MoveToOuterDisposeScope());
    }

    private static void Merge(Parameter weight, IReadOnlyList<LowRankDelta> deltas)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor merged;
        if (deltas[0].Target == DeltaTarget.Weight)
        {
            using var lease = weight.Rent(ScalarType.Float32);
            merged = deltas.Aggregate(lease.Tensor, Merged).to(weight.DType);
        }
        else
        {
            merged = ExpertMerge.Merged(weight, deltas);
        }

        weight.Load(merged.MoveToOuterDisposeScope());
    }

    private static Tensor Merged(Tensor weight_OI, LowRankDelta delta)
    {
        using var a_RI = delta.A.Rent(ScalarType.Float32);
        using var b_OR = delta.B.Rent(ScalarType.Float32);
        var sum_OI = weight_OI.addmm(b_OR.Tensor, a_RI.Tensor, 1f, (float)delta.Scale);
        if (delta.Magnitude is not { } magnitude)
        {
            return sum_OI;
        }

        using var m_O = magnitude.Rent(ScalarType.Float32);
        return sum_OI.mul_(m_O.Tensor.div(sum_OI.norm(1, false, 2f)).unsqueeze(1));
    }

    private static void Check(ModuleSite site, LowRankDelta delta, AdapterFeatures supports)
    {
        var used = (delta.Dropout > 0 ? AdapterFeatures.Dropout : 0) | (delta.Magnitude is null ? 0 : AdapterFeatures.Magnitude) | (delta.Bias is null ? 0 : AdapterFeatures.Bias)
            | (delta.Target == DeltaTarget.Weight ? 0 : AdapterFeatures.Experts) | (site.Original is IEmbedding ? AdapterFeatures.Embeddings : 0);
        if ((used & ~supports) is not 0 and var undeclared)
        {
            throw new NeotenyException($"{site.Path}: the adapter uses {undeclared}, which it does not declare in Supports.");
        }
    }

    private static void CheckShapes(ModuleSite site, LowRankDelta delta)
    {
        if (delta.Target == DeltaTarget.Weight)
        {
            return;
        }

        var weight = DeltaWeight.Of(site, delta.Target);
        var rows = delta.ExpertCount * delta.Rank;
        if (delta.ExpertCount != weight.Shape[0] || !delta.A.Shape.SequenceEqual([rows, weight.Shape[2]]) || !delta.B.Shape.SequenceEqual([weight.Shape[1], rows]))
        {
            throw new NeotenyException($"{site.Path}: a delta of {delta.ExpertCount} experts with A [{string.Join(", ", delta.A.Shape)}] and B [{string.Join(", ", delta.B.Shape)}] does not fit "
                + $"{weight.Path} [{string.Join(", ", weight.Shape)}]. This is an error of the adapter.");
        }
    }
}
