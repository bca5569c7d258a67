using Xunit.Abstractions;

namespace Neoteny.TestRunner;

/// <summary>Hears what xunit finds and what becomes of each test.</summary>
internal sealed class Sink(bool verbose) : IMessageSink, IDisposable
{
    private const decimal SlowSeconds = 5;

    private readonly ManualResetEventSlim finished = new();
    private readonly Dictionary<string, int> reasons = [];
    private readonly List<(string Name, decimal Seconds)> slow = [];

    public List<ITestCase> Cases { get; } = [];

    public Tally Tally { get; } = new();

    public bool OnMessage(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestCaseDiscoveryMessage found:
                Cases.Add(found.TestCase);
                break;
            case ITestStarting starting when verbose:
                Console.WriteLine($"running {starting.Test.DisplayName}");
                break;
            case ITestFailed failed:
                Tally.Failed++;
                Report(failed.Test.DisplayName, failed);
                break;
            case ITestPassed passed:
                Tally.Passed++;
                Tally.Seconds += (double)passed.ExecutionTime;
                if (passed.ExecutionTime >= SlowSeconds)
                    slow.Add((passed.Test.DisplayName, passed.ExecutionTime));
                break;
            case ITestSkipped skipped:
                Tally.Skipped++;
                reasons[skipped.Reason] = reasons.GetValueOrDefault(skipped.Reason) + 1;
                break;
            case ITestAssemblyCleanupFailure or ITestCollectionCleanupFailure or ITestClassCleanupFailure or IErrorMessage:
                Tally.Failed++;
                Report(message.GetType().Name, (IFailureInformation)message);
                break;
            case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                finished.Set();
                break;
        }

        return true;
    }

    public void Wait()
    {
        finished.Wait();
        finished.Reset();
    }

    /// <summary>Says what took long and what was skipped.</summary>
    public void WriteRemarks()
    {
        foreach (var (name, seconds) in slow.OrderByDescending(s => s.Seconds))
            Console.WriteLine($"{seconds:f0} s: {name}");
        foreach (var (reason, count) in reasons)
            Console.WriteLine($"skipped {count}: {reason}");
    }

    public void Dispose() => finished.Dispose();

    private static void Report(string name, IFailureInformation failure)
        => Console.WriteLine($"FAILED {name}\n    {string.Join("\n", failure.Messages).ReplaceLineEndings("\n    ")}\n{failure.StackTraces.FirstOrDefault()}");
}
