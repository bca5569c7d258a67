using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Regions;

/// <summary>Captures the regions of training steps and runs them again in later steps of the same shape, one call instead of one for each operator.</summary>
/// <remarks>
/// The first tapes of a shape run operator by operator, one is captured, forward and backward in the order of the step, all later ones run what was captured. Captured work keeps its
/// memory: the results of all regions, what they save for backward, and the gradients of their parameters stay allocated. Where the blocks of a region or the place of a weight change, all
/// that was captured is dropped and begun again. One compute thread.
/// </remarks>
/// <param name="capture">How work is captured; owned.</param>
/// <param name="trained">The parameters that tapes give gradients to.</param>
/// <param name="note">Hears in a sentence what was captured, and what was not and why.</param>
public sealed class CapturedRegions(IWorkCapture capture, IReadOnlyList<Parameter> trained, Action<string>? note = null) : IRegionRunner, IDisposable
{
    private const int MostShapes = 8;

    // A shape that has not come for so many tapes makes room for another.
    private const long Forgotten = 200;

    // More changes than anybody makes in a run: something changes by itself, and capturing costs more than it gains.
    private const int MostRestarts = 30;

    private readonly Dictionary<TapeShape, CapturedTape> tapes = [];
    private readonly GradientPlaces gradients = new();
    private Tape? tape;
    private CapturedTape? running;
    private int restarts;
    private long begun;
    private bool isFull;

    /// <inheritdoc/>
    public Value[]? TryRun(Tape tape, Region region, RegionCall call)
    {
        if (tape != this.tape)
        {
            (this.tape, running) = (tape, Choose(call));
            begun++;
            running?.Begin(tape, call, begun);
        }

        return running?.TryRun(tape, region, call);
    }

    /// <summary>Frees all that was captured. Not while a tape that uses it lives.</summary>
    public void Dispose()
    {
        foreach (var captured in tapes.Values)
            captured.Dispose();
        tapes.Clear();
        gradients.Dispose();
        capture.Dispose();
        (tape, running) = (null, null);
    }

    private CapturedTape? Choose(RegionCall call)
    {
        if (tapes.Values.Select(t => t.Staleness).FirstOrDefault(s => s is not null) is { } reason)
        {
            foreach (var captured in tapes.Values)
                captured.Restart(reason);
            if (++restarts == MostRestarts)
                note?.Invoke($"Captured again {MostRestarts} times, the last time since {reason}; from now on everything runs operator by operator.");
        }

        if (restarts >= MostRestarts)
            return null;

        var shape = new TapeShape(
            call.Inputs[0].Size(0), call.Inputs[0].Tensor.dtype, call.Capacity, trained.Any(p => p.Gradient is not null), trained.Count == 0 ? null : trained[0].GradientType);

        // What adds to gradients is captured where they lie, once those of the first micro-batch are.
        if (shape.Adds && !(tapes.TryGetValue(shape with { Adds = false }, out var first) && first.IsCaptured))
            return null;
        if (!tapes.TryGetValue(shape, out var chosen) && HasRoom())
            tapes[shape] = chosen = new CapturedTape(capture, gradients, shape.Capacity, Words(shape), note);
        return chosen;
    }

    /// <summary>Whether a further shape may be captured; drops one that does not come any more.</summary>
    private bool HasRoom()
    {
        if (tapes.Count < MostShapes)
            return true;
        var (oldest, captured) = tapes.MinBy(t => t.Value.LastBegun);
        if (begun - captured.LastBegun > Forgotten)
        {
            captured.Dispose();
            return tapes.Remove(oldest);
        }

        if (!isFull)
            note?.Invoke($"Steps of {MostShapes} shapes are captured; further ones run operator by operator until one of these has not come for {Forgotten} micro-batches.");
        isFull = true;
        return false;
    }

    private static string Words(TapeShape shape)
        => $"{shape.Tokens} tokens{(shape.Capacity is { } room ? $" in up to {room.Documents} documents" : "")}{(shape.Adds ? ", added to gradients" : "")}";

    /// <summary>What decides which kernels a tape launches.</summary>
    private readonly record struct TapeShape(long Tokens, ScalarType DType, LayoutCapacity? Capacity, bool Adds, ScalarType? GradientType);
}
