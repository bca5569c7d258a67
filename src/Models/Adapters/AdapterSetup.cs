using Neoteny.Adapters;
using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Parameters;
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
            var delta = adapter.Attach(site, request);
            Check(path, delta, adapter.Supports);
            site.Attach(delta);
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
            var weight = ((ILinear)site.Original).Weight;
            using (var scope = NewDisposeScope())
            using (var guard = no_grad())
            using (var lease = weight.Rent(ScalarType.Float32))
            {
                var merged_OI = site.Deltas.Aggregate(lease.Tensor, Merged);
                weight.Load(merged_OI.to(weight.DType).MoveToOuterDisposeScope());
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

    private static void Check(string path, LowRankDelta delta, AdapterFeatures supports)
    {
        var used = (delta.Dropout > 0 ? AdapterFeatures.Dropout : 0) | (delta.Magnitude is null ? 0 : AdapterFeatures.Magnitude);
        if ((used & ~supports) is not 0 and var undeclared)
        {
            throw new NeotenyException($"{path}: the adapter uses {undeclared}, which it does not declare in Supports.");
        }
    }
}
