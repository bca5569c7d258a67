#if LATE
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Quantization;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Steady;

/// <summary>Claims nothing; that it is there at all is more than a live run takes.</summary>
[Provides("steady_format")]
public sealed class SteadyFormat : IQuantizer
{
    public IEnumerable<string> Claim(IModuleTree model) => [];

    public IWeightFormat? Format(ModuleSite site, Parameter parameter) => null;

    public IEnumerable<KeyValuePair<string, Tensor>> Export(Parameter parameter) => [];
}
#endif
