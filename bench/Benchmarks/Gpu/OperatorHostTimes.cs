using System.Diagnostics;
using Neoteny.Autograd;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>How long the host takes to issue each kind of operator.</summary>
internal sealed class OperatorHostTimes : IOperatorObserver
{
    private readonly Dictionary<(string Name, bool IsBackward), (double Microseconds, int Calls)> sums = [];
    private long start;

    public void Before(Operator @operator, bool isBackward) => start = Stopwatch.GetTimestamp();

    public void After(Operator @operator, bool isBackward)
    {
        var took = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        var sum = sums.GetValueOrDefault((@operator.Name, isBackward));
        sums[(@operator.Name, isBackward)] = (sum.Microseconds + took, sum.Calls + 1);
    }

    /// <summary>Forgets what was measured.</summary>
    public void Clear() => sums.Clear();

    /// <summary>The mean of a call by kind, longest in all first, as words.</summary>
    public string Words() => string.Join(", ", sums.OrderByDescending(s => s.Value.Microseconds).Select(s
        => FormattableString.Invariant($"{s.Key.Name} {(s.Key.IsBackward ? "backward" : "forward")} {s.Value.Microseconds / s.Value.Calls:f0} us x{s.Value.Calls}")));
}
