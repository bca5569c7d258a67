using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Parameters;

/// <summary>A quantizer's format as small as one can be: int8 rows with their largest magnitude.</summary>
internal sealed class Int8Format(bool fused = false) : IWeightFormat, IWeightProduct
{
    public List<string> Calls { get; } = [];

    public string Name => "int8";

    public IWeightProduct? Product => fused ? this : null;

    public StoredWeight Pack(Tensor weight)
    {
        using var scope = NewDisposeScope();
        var absmax = weight.to(ScalarType.Float32).abs().amax([1], keepdim: true);
        var codes = weight.to(ScalarType.Float32).div(absmax).mul_(Scalars.Of(127.0)).round().to(ScalarType.Int8);
        var stored = new StoredWeight
        {
            Pieces = new Dictionary<string, Tensor> { ["codes"] = codes.MoveToOuterDisposeScope(), ["absmax"] = absmax.MoveToOuterDisposeScope() },
            Shape = weight.shape,
            DType = weight.dtype,
        };
        foreach (var piece in stored.Pieces.Values)
        {
            piece.DetachFromDisposeScope();
        }

        weight.Dispose();
        return stored;
    }

    public Tensor Unpack(StoredWeight stored, ScalarType dtype)
    {
        Calls.Add("unpack");
        using var scope = NewDisposeScope();
        return stored.Pieces["codes"].to(ScalarType.Float32).mul_(Scalars.Of(1 / 127.0)).mul_(stored.Pieces["absmax"]).to(dtype).MoveToOuterDisposeScope();
    }

    public Tensor Forward(StoredWeight weight, Tensor x_TI)
    {
        Calls.Add("forward");
        return x_TI.mm(Dense(weight).t());
    }

    public Tensor InputGradient(StoredWeight weight, Tensor gradient_TO)
    {
        Calls.Add("input gradient");
        return gradient_TO.mm(Dense(weight));
    }

    private static Tensor Dense(StoredWeight weight) => weight.Pieces["codes"].to(ScalarType.Float32).mul_(Scalars.Of(1 / 127.0)).mul_(weight.Pieces["absmax"]);
}
