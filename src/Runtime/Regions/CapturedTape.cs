using Neoteny.Autograd;

namespace Neoteny.Runtime.Regions;

/// <summary>The regions of tapes of one shape.</summary>
internal sealed class CapturedTape(IWorkCapture capture, string shape, Action<string>? note) : IDisposable
{
    // Libraries settle on their algorithms in the first steps.
    private const int WarmUps = 3;

    private readonly Dictionary<Region, CapturedRegion> captured = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, List<string>> declined = [];
    private readonly FixedMemory memory = new();
    private Phase phase;
    private int warmUps;
    private string? stale;

    private enum Phase
    {
        WarmUp,
        Capture,
        Run,
    }

    /// <summary>Whether what was captured is no longer right, or not whole.</summary>
    public bool IsStale => stale is not null || (phase == Phase.Capture && captured.Values.Any(r => !r.IsComplete));

    /// <summary>Whether tapes run what was captured.</summary>
    public bool IsCaptured => phase is Phase.Capture or Phase.Run;

    /// <summary>A tape of this shape begins.</summary>
    public void Begin()
    {
        memory.Forget();
        if (phase == Phase.Capture)
        {
            Report();
            phase = Phase.Run;
        }
        else if (phase == Phase.WarmUp && warmUps++ == WarmUps)
        {
            phase = Phase.Capture;
        }
    }

    public Value[]? TryRun(Tape tape, Region region, Value[] inputs)
    {
        if (phase == Phase.WarmUp || region.Parts() is not { } parts)
            return null;
        if (phase == Phase.Capture)
            return Capture(tape, region, parts, inputs);
        if (!captured.TryGetValue(region, out var known) || known.LastTape == tape)
            return null;
        if (known.Mismatch(parts, inputs) is { } change)
        {
            stale ??= $"{region.Path}: {change}";
            return null;
        }

        return known.Apply(tape, inputs);
    }

    /// <summary>Forgets all that was captured; the next tapes begin again.</summary>
    public void Restart()
    {
        if (IsStale)
            note?.Invoke($"CUDA graphs ({shape}): captured again: {stale ?? "the step in which they were captured did not end"}.");
        Dispose();
    }

    public void Dispose()
    {
        foreach (var region in captured.Values)
            region.Dispose();
        captured.Clear();
        declined.Clear();
        memory.Clear();
        (phase, warmUps, stale) = (Phase.WarmUp, 0, null);
    }

    private Value[]? Capture(Tape tape, Region region, IReadOnlyList<object> parts, Value[] inputs)
    {
        // A region that is run twice has two results at once; the second run goes without.
        if (captured.ContainsKey(region))
            return null;
        var made = new CapturedRegion(capture, memory, region, parts);
        if (made.TryCapture(inputs) is { } reason)
        {
            made.Dispose();
            if (!declined.TryGetValue(reason, out var paths))
                declined[reason] = paths = [];
            paths.Add(region.Path);
            return null;
        }

        captured[region] = made;
        return made.Apply(tape, inputs);
    }

    private void Report()
    {
        note?.Invoke($"CUDA graphs ({shape}): {captured.Count} regions captured.");
        foreach (var (reason, paths) in declined)
            note?.Invoke($"CUDA graphs ({shape}): {paths.Count} regions run operator by operator, from {paths[0]} on: {reason}.");
    }
}
