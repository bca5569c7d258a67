using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Training.Optimizers;
using static TorchSharp.torch;

namespace Neoteny.Training.Memory;

/// <summary>The tensors of a run that are alive at one moment.</summary>
internal sealed record MemorySnapshot(IReadOnlyList<MemoryEntry> Entries)
{
    /// <summary>Lists what a run holds on a device. Called where memory has run out: it allocates no tensor.</summary>
    /// <param name="parameters">The model's parameters.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="tape">The tape of the moment, or null.</param>
    /// <param name="device">Only tensors there count.</param>
    public static MemorySnapshot Take(IEnumerable<Parameter> parameters, AdamW optimizer, Tape? tape, Device device)
    {
        List<(MemoryCategory Category, string Name, Tensor Tensor)> found = [];
        foreach (var parameter in parameters)
        {
            using (var lease = parameter.RentStored())
                found.AddRange(lease.Stored.Pieces.Select(p => (MemoryCategory.Weights, parameter.Path, p.Value)));
            if (parameter.Gradient is { } gradient)
                found.Add((MemoryCategory.Gradients, parameter.Path, gradient));
        }

        found.AddRange(optimizer.StateTensors.Select(s => (MemoryCategory.OptimizerState, s.Name, s.Tensor)));
        foreach (var held in tape?.Holdings() ?? [])
            found.Add((MemoryCategory.Activations, held.Segment.Length > 0 ? $"{held.Segment} {held.Operator}" : held.Operator, held.Tensor));
        return new MemorySnapshot([.. found.Where(f => f.Tensor.device_type == device.type).Select(f => MemoryEntry.Of(f.Category, f.Name, f.Tensor))]);
    }

    /// <summary>Bytes of a category.</summary>
    public long Of(MemoryCategory category) => Entries.Where(e => e.Category == category).Sum(e => e.Bytes);
}
