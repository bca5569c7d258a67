using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Rules that hold at every extension point, tried on one call.</summary>
internal static class Conduct
{
    private const int Calls = 50;
    private const int ThreadCalls = 24;

    /// <summary>Resident memory may grow by this much over all calls: less than one forgotten megabyte each.</summary>
    private const long MostGrowth = 24L << 20;

    /// <summary>As many tensors live after many calls as before, and resident memory did not follow the calls either.</summary>
    public static void LeavesNothing(CheckRun run, Workload workload)
    {
        Settle(workload);
        var (before, memory) = (Tensor.TotalCount, Environment.WorkingSet);
        for (var i = 0; i < Calls; i++)
        {
            workload.Drop();
        }

        var (left, growth) = (Tensor.TotalCount - before, Environment.WorkingSet - memory);
        run.That(left <= 0, $"{left} tensors more are alive after {Calls} calls");
        run.That(growth < MostGrowth, $"the process grew by {growth >> 20} MiB over {Calls} calls");
    }

    /// <summary>What was lent has the same bits afterwards.</summary>
    public static void InputsStay(CheckRun run, Workload workload)
    {
        var copies = workload.Inputs.Select(i => i.Tensor.clone()).ToList();
        workload.Drop();
        foreach (var ((name, tensor), copy) in workload.Inputs.Zip(copies))
        {
            run.That(Comparison.SameBits(copy, tensor), $"{name}: was changed by the call");
        }
    }

    /// <summary>Two calls give the same bits.</summary>
    public static void SameBits(CheckRun run, Workload workload)
    {
        var first = workload.Keep();
        for (var i = 0; i < 3; i++)
        {
            using var scope = NewDisposeScope();
            foreach (var (a, b) in first.Zip(workload.Keep()))
            {
                run.That(Comparison.SameBits(a.Tensor, b.Tensor), $"{a.Name}: two calls differ in their bits");
            }
        }
    }

    /// <summary>Runs a check of bits where they are promised whatever is claimed: on the CPU.</summary>
    public static void OnTheCpu(CheckRun run, ConformanceSettings settings, Action check)
    {
        if (settings.Device.type != DeviceType.CPU)
        {
            run.Skip("equal bits are promised on the CPU only");
        }

        check();
    }

    /// <summary>A call on another thread gives the same, changes no thread count and leaves no thread behind.</summary>
    public static void AnyThread(CheckRun run, Workload workload, double tolerance)
    {
        var threads = get_num_threads();
        var here = workload.Keep();
        Settle(workload);
        var before = NativeThreads();
        for (var i = 0; i < ThreadCalls; i++)
        {
            workload.Drop();
        }

        var more = NativeThreads() - before;
        Exception? thrown = null;
        var other = new Thread(() =>
        {
            try
            {
                using var scope = NewDisposeScope();
                foreach (var (a, b) in here.Zip(workload.Keep()))
                {
                    run.Close($"{a.Name} on another thread", a.Tensor, b.Tensor, tolerance);
                }
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        other.Start();
        other.Join();
        run.That(thrown is null, $"on another thread: {(thrown is null ? "" : CheckRun.Describe(thrown))}");
        run.That(get_num_threads() == threads, $"libtorch runs on {get_num_threads()} threads after the calls instead of {threads}");

        // The runtime may start a few threads of its own meanwhile; one for each call stands out.
        run.That(more < ThreadCalls / 2, $"{more} threads more after {ThreadCalls} calls");
    }

    private static void Settle(Workload workload)
    {
        workload.Drop();
        workload.Drop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static int NativeThreads()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }
}
