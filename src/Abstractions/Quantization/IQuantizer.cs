using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Quantization;

/// <summary>The quantizer point: gives parameters a stored format.</summary>
/// <remarks>
/// It changes how a parameter is stored, never the module around it. The host packs each weight as it streams from the checkpoint, so the dense
/// model never exists as a whole. Called on the compute thread while the model is built. Cannot be swapped mid-run.
/// </remarks>
public interface IQuantizer
{
    /// <summary>The paths of the sites whose parameters it wants, on the untouched model.</summary>
    IEnumerable<string> Claim(IModuleTree model);

    /// <summary>The format for one parameter of a claimed site; null leaves it dense (a bias, for instance).</summary>
    IWeightFormat? Format(ModuleSite site, Parameter parameter);

    /// <summary>The tensors of the parameter under the names of the format's published layout. Borrowed by the caller for saving.</summary>
    IEnumerable<KeyValuePair<string, Tensor>> Export(Parameter parameter);
}
