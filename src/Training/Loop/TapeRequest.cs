using Neoteny.Autograd;

namespace Neoteny.Training.Loop;

/// <summary>What the tape of one micro-batch is for.</summary>
/// <param name="Seed">Seed of its random keys.</param>
/// <param name="IsRecording">Whether backward follows.</param>
/// <param name="IsLastOfStep">Whether gradients are complete after it.</param>
public readonly record struct TapeRequest(ulong Seed, bool IsRecording, bool IsLastOfStep)
{
    /// <summary>Options of a tape that keeps saved tensors where they are and has no listeners.</summary>
    public TapeOptions ToOptions() => new() { Seed = Seed, Recording = IsRecording };
}
