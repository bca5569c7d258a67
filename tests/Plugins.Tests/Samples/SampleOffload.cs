using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Samples;

/// <summary>Keeps copies of saved tensors and weights, with a choice of faults.</summary>
internal sealed class SampleOffload : IOffload, ISavedTensors, IWeightHome
{
    private readonly Dictionary<object, Tensor> parked = [];

    /// <summary>What Fetch makes of what was parked.</summary>
    public Func<Tensor, Tensor> AfterFetch { get; init; } = static t => t;

    public bool ForgetsToRelease { get; init; }

    public bool KeepsTheOriginal { get; init; }

    public bool DropsUpdates { get; init; }

    public bool ClearsHomes { get; init; }

    public ISavedTensors Saved => this;

    public IWeightHome? Home(ModuleSite site, Parameter parameter) => this;

    public object? Park(SavedTensor saved)
    {
        var handle = new object();
        parked[handle] = KeepsTheOriginal ? saved.Tensor : saved.Tensor.clone().DetachFromDisposeScope();
        return handle;
    }

    public Tensor Fetch(object handle)
    {
        parked.Remove(handle, out var tensor);
        return AfterFetch(tensor!);
    }

    public void Release(object handle)
    {
        if (parked.Remove(handle, out var tensor) && !ForgetsToRelease)
        {
            tensor.Dispose();
        }
    }

    public StoredWeight Fetch(Parameter parameter, StoredWeight stored) => new()
    {
        Pieces = stored.Pieces.ToDictionary(p => p.Key, p => p.Value.clone().DetachFromDisposeScope()),
        Shape = stored.Shape,
        DType = stored.DType,
    };

    public void Return(Parameter parameter, StoredWeight fetched)
    {
        if (!DropsUpdates && parameter.Trains)
        {
            // What was rented may have been written to; a real home would copy only then.
            Kept(parameter, fetched);
        }

        if (ClearsHomes)
        {
            homes[parameter].Pieces.Values.First().zero_();
        }

        fetched.Dispose();
    }

    private readonly Dictionary<Parameter, StoredWeight> homes = [];

    public StoredWeight Adopt(Parameter parameter, StoredWeight stored) => homes[parameter] = stored;

    private void Kept(Parameter parameter, StoredWeight fetched)
    {
        using var guard = no_grad();
        foreach (var (name, piece) in homes[parameter].Pieces)
        {
            piece.copy_(fetched.Pieces[name]);
        }
    }
}
