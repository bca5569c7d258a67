using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>A stored format to try implementations with: int8 with one fp32 factor a row.</summary>
internal sealed class RowInt8Format : IWeightFormat
{
    public static RowInt8Format Instance { get; } = new();

    public string Name => "conformance int8";

    public StoredWeight Pack(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var owned = weight;
        var rows = weight.reshape(-1, weight.size(-1)).to(ScalarType.Float32);
        var factor = rows.abs().amax([1], keepdim: true).clamp_min(Scalars.Of(1e-8)).div_(Scalars.Of(127.0));
        return new StoredWeight
        {
            Pieces = new Dictionary<string, Tensor>
            {
                ["codes"] = rows.div(factor).round().to(ScalarType.Int8).DetachFromDisposeScope(),
                ["factor"] = factor.DetachFromDisposeScope(),
            },
            Shape = weight.shape,
            DType = weight.dtype,
        };
    }

    public Tensor Unpack(StoredWeight stored, ScalarType dtype)
        => stored.Pieces["codes"].to(ScalarType.Float32).mul_(stored.Pieces["factor"]).to(dtype).reshape([.. stored.Shape]);
}
