using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Parameters;

/// <summary>Keeps weights as arrays and makes their tensors for each rent: an offload as small as one can be.</summary>
internal sealed class CountingHome : IWeightHome
{
    private readonly Dictionary<Parameter, Dictionary<string, (float[] Data, long[] Shape)>> away = [];

    public int Resident { get; private set; }

    public int Peak { get; private set; }

    public int Fetches { get; private set; }

    public StoredWeight Adopt(Parameter parameter, StoredWeight stored)
    {
        away[parameter] = stored.Pieces.ToDictionary(p => p.Key, p => (p.Value.data<float>().ToArray(), p.Value.shape));
        stored.Dispose();
        return new StoredWeight { Pieces = new Dictionary<string, Tensor>(), Shape = stored.Shape, DType = stored.DType };
    }

    public StoredWeight Fetch(Parameter parameter, StoredWeight stored)
    {
        Fetches++;
        Peak = Math.Max(Peak, ++Resident);
        return new StoredWeight
        {
            Pieces = away[parameter].ToDictionary(p => p.Key, p => tensor(p.Value.Data).reshape(p.Value.Shape).DetachFromDisposeScope()),
            Shape = stored.Shape,
            DType = stored.DType,
        };
    }

    public void Return(Parameter parameter, StoredWeight fetched)
    {
        Resident--;
        fetched.Dispose();
    }
}
