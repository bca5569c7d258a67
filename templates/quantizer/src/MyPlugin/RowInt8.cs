using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins;
using Neoteny.Quantization;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary>Stores the weights of all linear modules as int8 with one factor a row. They are frozen then; adapters train beside them.</summary>
[Provides("my_plugin", Summary = "Linear weights as int8, one factor a row.")]
public sealed class RowInt8 : IQuantizer
{
    /// <inheritdoc/>
    public IEnumerable<string> Claim(IModuleTree model) => model.Of<ILinear>().Select(site => site.Path);

    /// <inheritdoc/>
    public IWeightFormat? Format(ModuleSite site, Parameter parameter) => parameter.Shape.Count == 2 ? RowInt8Format.Instance : null;

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Tensor>> Export(Parameter parameter)
    {
        using var lease = parameter.RentStored();
        return [.. lease.Stored.Pieces.Select(piece => KeyValuePair.Create($"{parameter.Path}.{piece.Key}", piece.Value))];
    }
}
