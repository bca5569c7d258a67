using Neoteny.Autograd;
using Neoteny.Runtime.Cuda;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>What each kind of operator takes on the device, by events around every call.</summary>
internal sealed class OperatorTimes(CudaDevice device) : IOperatorObserver, IDisposable
{
    private readonly List<CudaEvent> events = [];
    private readonly List<(string Name, bool IsBackward, int At)> calls = [];
    private int next;

    public void Before(Operator @operator, bool isBackward)
    {
        calls.Add((@operator.Name, isBackward, next));
        Record();
    }

    public void After(Operator @operator, bool isBackward) => Record();

    /// <summary>Marks the end of the step: what follows the last operator is the optimizer's.</summary>
    public void End() => Record();

    /// <summary>Milliseconds of all calls of an operator since the last <see cref="Read"/>, those that follow one another between one pair of events; waits for the device.</summary>
    public double Together(string name)
    {
        events[next - 1].Wait();
        var (sum, first) = (0.0, 0);
        for (var i = 0; i <= calls.Count; i++)
        {
            if (i < calls.Count && calls[i].Name == name)
                continue;
            if (i > first)
                sum += events[calls[i - 1].At + 1].MillisecondsSince(events[calls[first].At]);
            first = i + 1;
        }

        return sum;
    }

    /// <summary>Milliseconds and calls by operator and pass since the last call; waits for the device.</summary>
    public IReadOnlyDictionary<string, (double Milliseconds, int Calls)> Read()
    {
        events[next - 1].Wait();
        var sums = new Dictionary<string, (double Milliseconds, int Calls)>();
        foreach (var (name, isBackward, at) in calls)
            Add($"{name} {(isBackward ? "backward" : "forward")}", events[at + 1].MillisecondsSince(events[at]));
        Add("norm of gradients and optimizer", events[next - 1].MillisecondsSince(events[next - 2]));
        Add("between operators", events[next - 1].MillisecondsSince(events[0]) - sums.Values.Sum(s => s.Milliseconds));
        calls.Clear();
        next = 0;
        return sums;

        void Add(string key, double milliseconds)
        {
            var sum = sums.GetValueOrDefault(key);
            sums[key] = (sum.Milliseconds + milliseconds, sum.Calls + 1);
        }
    }

    public void Dispose() => events.ForEach(e => e.Dispose());

    private void Record()
    {
        if (next == events.Count)
            events.Add(new CudaEvent(device, timing: true));
        events[next++].Record();
    }
}
