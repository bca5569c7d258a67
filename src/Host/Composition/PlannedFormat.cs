using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Host.Composition;

/// <summary>Stands in for a format on a model without weights: it has the name and the rights of the real one and packs nothing.</summary>
internal sealed class PlannedFormat(IWeightFormat real) : IWeightFormat
{
    public string Name => real.Name;

    public bool IsTrainable => real.IsTrainable;

    public StoredWeight Pack(Tensor weight) => DenseFormat.Instance.Pack(weight);

    public Tensor Unpack(StoredWeight stored, ScalarType dtype) => DenseFormat.Instance.Unpack(stored, dtype);

    public Tensor? Dense(StoredWeight stored) => DenseFormat.Instance.Dense(stored);
}
