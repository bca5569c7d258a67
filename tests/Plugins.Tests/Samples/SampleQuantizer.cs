using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Quantization;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Samples;

/// <summary>A quantizer of all linear weights into a given format.</summary>
internal sealed class SampleQuantizer(IWeightFormat format) : IQuantizer
{
    public Func<Parameter, IEnumerable<KeyValuePair<string, Tensor>>>? Exports { get; init; }

    public IEnumerable<string> Claim(IModuleTree model) => model.Of<ILinear>().Select(s => s.Path);

    public IWeightFormat? Format(ModuleSite site, Parameter parameter) => parameter.Shape.Count == 2 ? format : null;

    public IEnumerable<KeyValuePair<string, Tensor>> Export(Parameter parameter)
    {
        if (Exports is not null)
        {
            return Exports(parameter);
        }

        using var lease = parameter.RentStored();
        return [.. lease.Stored.Pieces.Select(p => KeyValuePair.Create($"{parameter.Path}.{p.Key}", p.Value))];
    }
}

/// <summary>A format around another one with a fault.</summary>
internal sealed class SampleFormat(IWeightFormat inner) : IWeightFormat
{
    public Func<Tensor, Tensor> AfterUnpack { get; init; } = static t => t;

    public Func<StoredWeight, StoredWeight> AfterPack { get; init; } = static s => s;

    public IWeightProduct? Product { get; init; }

    public bool IsTrainable { get; init; }

    public string Name => "sample";

    public StoredWeight Pack(Tensor weight) => AfterPack(inner.Pack(weight));

    public Tensor Unpack(StoredWeight stored, ScalarType dtype) => AfterUnpack(inner.Unpack(stored, dtype));
}

/// <summary>Products by unpacking, times a factor.</summary>
internal sealed class SampleProduct(IWeightFormat format, double factor = 1) : IWeightProduct
{
    /// <summary>What happens to the input first.</summary>
    public Action<Tensor> Before { get; init; } = static _ => { };

    public Tensor Forward(StoredWeight weight, Tensor x_TI)
    {
        Before(x_TI);
        return nn.functional.linear(x_TI, format.Unpack(weight, x_TI.dtype)).mul_(Runtime.Scalars.Of(factor));
    }

    public Tensor InputGradient(StoredWeight weight, Tensor gradient_TO) => gradient_TO.mm(format.Unpack(weight, gradient_TO.dtype));
}
