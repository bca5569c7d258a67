using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary><c>w = codes * absmax / 127</c>, the largest magnitude of each row being 127.</summary>
internal sealed class RowInt8Format : IWeightFormat
{
    private RowInt8Format()
    {
    }

    public static RowInt8Format Instance { get; } = new();

    public string Name => "my_plugin";

    public StoredWeight Pack(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var owned = weight;
        var wide_OI = weight.to(ScalarType.Float32);
        var absmax_O1 = wide_OI.abs().amax([1], keepdim: true).clamp_min_(Scalars.Of(1e-12));
        var codes_OI = wide_OI.mul(Scalars.Of(127.0)).div_(absmax_O1).round_().to(ScalarType.Int8);
        return new StoredWeight
        {
            Pieces = new Dictionary<string, Tensor> { ["codes"] = codes_OI.DetachFromDisposeScope(), ["absmax"] = absmax_O1.DetachFromDisposeScope() },
            Shape = weight.shape,
            DType = weight.dtype,
        };
    }

    public Tensor Unpack(StoredWeight stored, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        return stored.Pieces["codes"].to(ScalarType.Float32).mul_(stored.Pieces["absmax"]).div_(Scalars.Of(127.0)).to(dtype).MoveToOuterDisposeScope();
    }
}
