using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Contending;

/// <summary>Wants to store activations, or to move the last norm, and does neither.</summary>
[Provides("first_store")]
public sealed class FirstOffload(ContendingOptions options) : Offload(options);

/// <summary>Wants the same.</summary>
[Provides("second_store")]
public sealed class SecondOffload(ContendingOptions options) : Offload(options);

public abstract class Offload(ContendingOptions options) : IOffload, ISavedTensors, IWeightHome
{
    public ISavedTensors? Saved => options.What == Contention.Store ? this : null;

    public IWeightHome? Home(ModuleSite site, Parameter parameter) => options.What == Contention.Move && site.Path == "model.norm" ? this : null;

    public object? Park(SavedTensor saved) => null;

    Tensor ISavedTensors.Fetch(object handle) => throw new InvalidOperationException("nothing was parked");

    public void Release(object handle)
    {
    }

    StoredWeight IWeightHome.Fetch(Parameter parameter, StoredWeight stored) => stored;

    public void Return(Parameter parameter, StoredWeight fetched)
    {
    }
}
