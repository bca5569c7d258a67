using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Parameters;

/// <summary>The weight itself, in one piece called <c>weight</c>.</summary>
public sealed class DenseFormat : IWeightFormat
{
    private const string Piece = "weight";

    private DenseFormat()
    {
    }

    /// <summary>The only instance.</summary>
    public static DenseFormat Instance { get; } = new();

    /// <inheritdoc/>
    public string Name => "dense";

    /// <inheritdoc/>
    public bool IsTrainable => true;

    /// <inheritdoc/>
    public StoredWeight Pack(Tensor weight)
        => new() { Pieces = new Dictionary<string, Tensor> { [Piece] = weight }, Shape = weight.shape, DType = weight.dtype };

    /// <inheritdoc/>
    public Tensor Unpack(StoredWeight stored, ScalarType dtype) => stored.Pieces[Piece].to(dtype, copy: true);

    /// <inheritdoc/>
    public Tensor? Dense(StoredWeight stored) => stored.Pieces[Piece];
}

/// <summary>The pieces stay where they are.</summary>
internal sealed class ResidentHome : IWeightHome
{
    public static ResidentHome Instance { get; } = new();

    public StoredWeight Fetch(Parameter parameter, StoredWeight stored) => stored;

    public void Return(Parameter parameter, StoredWeight fetched)
    {
    }
}
