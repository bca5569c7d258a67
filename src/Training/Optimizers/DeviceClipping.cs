using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers;

/// <summary>How gradients are clipped, and whether a step counts, decided on the device: the host needs not wait for the norm.</summary>
/// <param name="inverseFactor">What gradients are divided by, fp32 scalar on the device.</param>
/// <param name="isBroken">1 where loss or norm are no numbers, so that weights and moments must stay; else 0. fp32 scalar on the device.</param>
internal sealed class DeviceClipping(Tensor inverseFactor, Tensor isBroken) : IDisposable
{
    /// <summary>What gradients are divided by, fp32 scalar.</summary>
    public Tensor InverseFactor => inverseFactor;

    /// <summary>1 where the step must change nothing, else 0; fp32 scalar.</summary>
    public Tensor IsBroken => isBroken;

    /// <summary>Decides from the loss and the norm.</summary>
    /// <param name="loss">The step's loss, float64 scalar on the device.</param>
    /// <param name="norm">The gradient norm, fp32 scalar on the device.</param>
    /// <param name="maximum">The largest norm; 0 does not clip.</param>
    public static DeviceClipping Of(Tensor loss, Tensor norm, double maximum)
    {
        var results = Kernels.AdamWScripts.InvokeMany("clipping", loss, norm, Runtime.Scalars.Of(maximum));
        return new DeviceClipping(results[0].DetachFromDisposeScope(), results[1].DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inverseFactor.Dispose();
        isBroken.Dispose();
    }
}
