using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>Makes sites with their parameters and plain blocks, in the model's order.</summary>
internal sealed class SiteBuilder(DecoderSpec spec, Func<string, long[], Tensor> weights, Func<string, IWeightFormat?>? formats)
{
    private readonly List<ModuleSite> sites = [];

    public DecoderSpec Spec => spec;

    public IReadOnlyList<ModuleSite> Sites => sites;

    public ModuleSite Add(string path, params IReadOnlyList<Parameter> parameters)
    {
        var site = new ModuleSite(path, parameters);
        sites.Add(site);
        return site;
    }

    public ModuleSite Linear(string path, int inputs, int outputs, bool hasBias)
    {
        var weight = Parameter($"{path}.weight", outputs, inputs);
        var bias = hasBias ? Parameter($"{path}.bias", outputs) : null;
        var site = Add(path, bias is null ? [weight] : [weight, bias]);
        site.Fill(new LinearBlock(site, weight, bias));
        return site;
    }

    public ModuleSite Norm(string path, int features) => Norm(path, features, spec.NormEpsilon);

    public ModuleSite Norm(string path, int features, double epsilon)
    {
        var weight = Parameter($"{path}.weight", features);
        var site = Add(path, weight);
        site.Fill(new NormBlock(weight, epsilon, spec.NormOffset));
        return site;
    }

    public Parameter Parameter(string name, params long[] shape) => Packed(new Parameter(name, weights(name, shape)));

    /// <summary>A tensor of the checkpoint that never trains.</summary>
    public Parameter Buffer(string name, params long[] shape) => new(name, weights(name, shape)) { IsBuffer = true };

    /// <summary>One parameter of several tensors of the checkpoint, read one after another.</summary>
    public Parameter Stacked(string path, long[] shape, IReadOnlyList<ParameterPart> parts)
    {
        Tensor? whole = null;
        foreach (var stacked in parts)
        {
            using var part = weights(stacked.Name, [.. stacked.Shape]);
            whole ??= empty(shape, dtype: part.dtype, device: part.device);
            if (part.device_type != TorchSharp.DeviceType.META)
            {
                stacked.Write(whole, part);
            }
        }

        return Packed(new Parameter(path, whole!, parts));
    }

    private Parameter Packed(Parameter parameter)
    {
        if (formats?.Invoke(parameter.Path) is { } format)
        {
            parameter.ChangeFormat(format);
        }

        return parameter;
    }
}
