using Neoteny.Attention;
using Neoteny.Autograd;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Regions;

/// <summary>The regions of tapes of one shape.</summary>
internal sealed class CapturedTape(IWorkCapture capture, GradientPlaces gradients, LayoutCapacity? capacity, string shape, Action<string>? note) : IDisposable
{
    // Libraries settle on their algorithms in the first steps.
    private const int WarmUps = 3;

    private readonly Dictionary<Region, CapturedRegion> captured = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, List<string>> declined = [];
    private readonly FixedMemory memory = new();
    private Phase phase;
    private int warmUps;
    private SequenceLayout? layout;
    private Tensor? seed;
    private bool draws;
    private string? stale;
    private (Tape Tape, SequenceLayout Layout)? roomy;

    private enum Phase
    {
        WarmUp,
        Capture,
        Run,
    }

    /// <summary>Why what was captured is no longer right, or not whole; null where it is.</summary>
    public string? Staleness => stale ?? captured.Values.Select(r => r.Change(phase == Phase.Capture)).FirstOrDefault(c => c is not null);

    /// <summary>Whether tapes run what was captured.</summary>
    public bool IsCaptured => phase is Phase.Capture or Phase.Run;

    /// <summary>The number of the last tape of this shape.</summary>
    public long LastBegun { get; private set; }

    /// <summary>A tape of this shape begins.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="call">The call of its first region.</param>
    /// <param name="number">Counts the tapes of all shapes.</param>
    public void Begin(Tape tape, RegionCall call, long number)
    {
        LastBegun = number;
        memory.Forget();
        layout?.Refill(call.Layout!);
        if (phase == Phase.Capture)
        {
            Report();
            capture.Settle();
            phase = Phase.Run;
        }
        else if (phase == Phase.WarmUp && warmUps++ == WarmUps)
        {
            phase = Phase.Capture;
        }

        if (phase == Phase.Capture)
        {
            layout = capacity is null ? null : call.Layout!.WithRoom(capacity);
            seed = tensor(unchecked((long)tape.Seed), device: call.Inputs[0].Tensor.device).DetachFromDisposeScope();
        }
        else if (draws)
        {
            using var value = unchecked((long)tape.Seed).ToScalar();
            seed!.fill_(value);
        }
    }

    public Value[]? TryRun(Tape tape, Region region, RegionCall call)
    {
        if (call.Capacity is not null && call.Capacity != capacity)
            return null;
        if (phase != Phase.Run)
        {
            return region.Parts() is not { } parts ? null
                : phase == Phase.Capture ? Capture(tape, region, parts, call)
                : call.Capacity is null ? null : region.Body(tape, call with { Layout = Roomy(tape, call.Layout!) });
        }

        // What it calls was compared when the tape began.
        if (!captured.TryGetValue(region, out var known) || known.LastTape == tape)
            return null;
        if (known.Obstacle(tape, call.Inputs) is { } obstacle)
        {
            stale ??= $"{region.Path}: {obstacle}";
            return null;
        }

        return known.Apply(tape, call.Inputs);
    }

    /// <summary>Forgets all that was captured; the next tapes begin again.</summary>
    public void Restart(string reason)
    {
        if (captured.Count > 0)
            note?.Invoke($"{shape}: captured again: {reason}.");
        Dispose();
    }

    public void Dispose()
    {
        foreach (var region in captured.Values)
            region.Dispose();
        captured.Clear();
        declined.Clear();
        memory.Clear();
        layout?.Dispose();
        seed?.Dispose();
        (layout, seed, roomy, draws) = (null, null, null, false);
        (phase, warmUps, stale) = (Phase.WarmUp, 0, null);
    }

    private Value[]? Capture(Tape tape, Region region, IReadOnlyList<object> parts, RegionCall call)
    {
        // A region that is run twice has two results at once; the second run goes without.
        if (captured.ContainsKey(region))
            return null;
        var made = new CapturedRegion(capture, memory, gradients, region, parts);
        if (made.TryCapture(tape, seed!, call with { Layout = call.Capacity is null ? null : layout }) is { } reason)
        {
            made.Dispose();
            if (!declined.TryGetValue(reason, out var paths))
                declined[reason] = paths = [];
            paths.Add(region.Path);
            return null;
        }

        captured[region] = made;
        draws |= made.Draws;
        return made.Apply(tape, call.Inputs);
    }

    /// <summary>The tape's documents as captured work will see them, so that kernels for them are there when it is captured.</summary>
    private SequenceLayout Roomy(Tape tape, SequenceLayout documents)
    {
        if (roomy?.Tape != tape)
            roomy = (tape, tape.Keep(documents.WithRoom(capacity!)));
        return roomy.Value.Layout;
    }

    private void Report()
    {
        note?.Invoke($"{shape}: {captured.Count} regions captured.");
        foreach (var (reason, paths) in declined)
            note?.Invoke($"{shape}: {paths.Count} regions run operator by operator, from {paths[0]} on: {reason}.");
    }
}
