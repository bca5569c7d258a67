using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Quantization;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Contending;

/// <summary>Claims the last norm, and leaves it dense.</summary>
[Provides("first_format")]
public sealed class FirstQuantizer(ContendingOptions options) : Quantizer(options);

/// <summary>Claims the last norm too.</summary>
[Provides("second_format")]
public sealed class SecondQuantizer(ContendingOptions options) : Quantizer(options);

public abstract class Quantizer(ContendingOptions options) : IQuantizer
{
    public IEnumerable<string> Claim(IModuleTree model) => options.What == Contention.Quantize ? ["model.norm"] : [];

    public IWeightFormat? Format(ModuleSite site, Parameter parameter) => null;

    public IEnumerable<KeyValuePair<string, Tensor>> Export(Parameter parameter) => [];
}
