using static TorchSharp.torch;

namespace Neoteny.Parameters;

/// <summary>The tensors that a format keeps for one weight, by name (for instance <c>packed</c> and <c>absmax</c>).</summary>
public sealed class StoredWeight : IDisposable
{
    /// <summary>The pieces. Owned.</summary>
    public required IReadOnlyDictionary<string, Tensor> Pieces { get; init; }

    /// <summary>The logical shape.</summary>
    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>The dtype of the dense weight.</summary>
    public required ScalarType DType { get; init; }

    /// <summary>Frees the pieces.</summary>
    public void Dispose()
    {
        foreach (var piece in Pieces.Values)
        {
            piece.Dispose();
        }
    }
}
