using System.Diagnostics;
using Neoteny.Autograd;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>How long the host takes to issue each decoder layer.</summary>
internal sealed class LayerHostTimes : ISegmentObserver
{
    private readonly Dictionary<(string Path, SegmentPass Pass), double> sums = [];
    private long start;

    public void Before(SegmentEvent segment) => start = Stopwatch.GetTimestamp();

    public void After(SegmentEvent segment)
        => sums[(segment.Path, segment.Pass)] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;

    /// <summary>Microseconds of a layer, forward and backward, the mean over the layers of the last step.</summary>
    public double Mean(SegmentPass? pass = null)
    {
        var layers = sums.Keys.Select(k => k.Path).Distinct().Count();
        return sums.Where(s => pass is null || s.Key.Pass == pass).Sum(s => s.Value) / layers;
    }
}
