using static TorchSharp.torch;

namespace Neoteny.Parameters;

/// <summary>A weight rented for one call. Dispose it in the same method.</summary>
public readonly ref struct WeightLease
{
    private readonly Parameter parameter;
    private readonly StoredWeight pieces;
    private readonly Tensor? tensor;
    private readonly bool isTemporary;

    internal WeightLease(Parameter parameter, StoredWeight pieces, Tensor? tensor, bool isTemporary)
        => (this.parameter, this.pieces, this.tensor, this.isTemporary) = (parameter, pieces, tensor, isTemporary);

    /// <summary>The dense weight in its logical shape; borrowed, gone after <see cref="Dispose"/>.</summary>
    public Tensor Tensor => tensor ?? throw new InvalidOperationException($"{parameter.Path} was rented as stored; rent it dense to read its tensor.");

    /// <summary>The stored pieces; borrowed.</summary>
    public StoredWeight Stored => pieces;

    /// <summary>Gives the weight back.</summary>
    public void Dispose()
    {
        if (isTemporary)
        {
            tensor!.Dispose();
        }

        parameter.Return(pieces);
    }
}
