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

    public ModuleSite Norm(string path, int features)
    {
        var weight = Parameter($"{path}.weight", features);
        var site = Add(path, weight);
        site.Fill(new NormBlock(weight, spec.NormEpsilon, spec.NormOffset));
        return site;
    }

    public Parameter Parameter(string name, params long[] shape)
    {
        var parameter = new Parameter(name, weights(name, shape));
        if (formats?.Invoke(name) is { } format)
        {
            parameter.ChangeFormat(format);
        }

        return parameter;
    }
}
