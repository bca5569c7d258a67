using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>Updates parameters of one kind. Runs under <c>no_grad</c> on the compute thread.</summary>
internal interface IAdamWKernel
{
    /// <summary>One step.</summary>
    /// <param name="slots">Parameters with a gradient each, all with the same weight decay.</param>
    /// <param name="weights">Their rented weights, changed in place.</param>
    /// <param name="update">The step.</param>
    void Update(IReadOnlyList<AdamWSlot> slots, Tensor[] weights, in AdamWUpdate update);
}
