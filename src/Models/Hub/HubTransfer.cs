using System.Diagnostics;

namespace Neoteny.Models.Hub;

/// <summary>How far a download is.</summary>
/// <param name="Name">The repository.</param>
/// <param name="Done">Bytes that are here.</param>
/// <param name="Total">Bytes altogether.</param>
/// <param name="BytesPerSecond">The speed since the download began.</param>
public sealed record HubTransfer(string Name, long Done, long Total, double BytesPerSecond)
{
    /// <summary>Whether everything is here.</summary>
    public bool IsComplete => Done >= Total;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Size(Done)} of {Size(Total)}, {Size(BytesPerSecond)}/s";

    /// <summary>A number of bytes in words.</summary>
    internal static string Size(double bytes) => FormattableString.Invariant(bytes switch
    {
        >= 1e9 => $"{bytes / 1e9:0.00} GB",
        >= 1e6 => $"{bytes / 1e6:0.0} MB",
        >= 1e3 => $"{bytes / 1e3:0.0} kB",
        _ => (FormattableString)$"{bytes:0} bytes",
    });
}

/// <summary>Counts the bytes of a download and reports them now and then. Threads may count at the same time.</summary>
internal sealed class TransferMeter(string name, long total, Action<HubTransfer>? report)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Stopwatch watch = Stopwatch.StartNew();
    private long here;
    private long received;
    private long reportedAt;

    /// <summary>Bytes arrived.</summary>
    public void Receive(long bytes)
    {
        Interlocked.Add(ref received, bytes);
        Count(bytes);
    }

    /// <summary>Bytes were here already; negative ones must be fetched again.</summary>
    public void Count(long bytes)
    {
        Interlocked.Add(ref here, bytes);
        var (now, last) = (watch.ElapsedTicks, Interlocked.Read(ref reportedAt));
        if (Stopwatch.GetElapsedTime(last, now) >= Interval && Interlocked.CompareExchange(ref reportedAt, now, last) == last)
        {
            Report();
        }
    }

    /// <summary>Reports the state of the moment.</summary>
    public void Report() => report?.Invoke(new HubTransfer(name, Interlocked.Read(ref here), total, Interlocked.Read(ref received) / Math.Max(watch.Elapsed.TotalSeconds, 1e-3)));
}
