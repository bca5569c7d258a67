using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>What a step computed, or will have computed when the device gets there.</summary>
internal sealed class PendingOutcome : IDisposable
{
    private const int Values = 3;

    private static readonly ConcurrentDictionary<int, ConcurrentBag<Slot>> Free = new();

    private readonly int device;
    private readonly StepOutcome known;
    private readonly StepSums sums;
    private Slot? slot;

    private PendingOutcome(StepOutcome known) => this.known = known;

    private PendingOutcome(Slot slot, int device, in StepSums sums) => (this.slot, this.device, this.sums) = (slot, device, sums);

    /// <summary>Whether <see cref="Read"/> does not wait.</summary>
    public bool IsReady => slot is null || slot.Done.HasHappened;

    /// <summary>An outcome that is known already.</summary>
    public static PendingOutcome Known(StepOutcome outcome) => new(outcome);

    /// <summary>The outcome once the device has computed it: copied to page-locked memory behind the step's work.</summary>
    /// <param name="sums">Scalars on a GPU; their tensors are needed during this call only.</param>
    /// <param name="norm">The gradient norm, scalar on the same GPU.</param>
    public static PendingOutcome After(in StepSums sums, Tensor norm)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var device = sums.Loss.device_index;
        var slot = Free.GetOrAdd(device, _ => []).TryTake(out var used) ? used : new Slot(CudaDevice.Get(device));
        var wide = norm.to(ScalarType.Float64);
        slot.Memory.Receive(stack([sums.Loss, wide, sums.Routers ?? wide]));
        slot.Done.Record();
        return new PendingOutcome(slot, device, sums);
    }

    /// <summary>The outcome; waits for the device where need be.</summary>
    public StepOutcome Read()
    {
        if (slot is null)
            return known;
        slot.Done.Wait();
        var values = slot.Memory.As<double>();
        return sums.Outcome(values[0], values[1], sums.Routers is null ? null : values[2]);
    }

    /// <summary>Gives its memory to later steps.</summary>
    public void Dispose()
    {
        if (slot is not null)
            Free[device].Add(slot);
        slot = null;
    }

    private sealed class Slot(CudaDevice device)
    {
        public PinnedMemory Memory { get; } = new(device, Values * sizeof(double));

        public CudaEvent Done { get; } = new(device, timing: false);
    }
}
