using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Neoteny.Training.Loop;

namespace Neoteny.Host.Swap;

/// <summary>Swaps plugins of a live run: wishes are prepared one after another on a thread of their own and made between two optimizer steps.</summary>
internal sealed class HotSwap : IStepBoundary, IDisposable
{
    private readonly ILogger log;
    private readonly SwapResolver resolver;
    private readonly SwapPreparation preparation;
    private readonly SwapExchange exchange;
    private readonly RunContext run;
    private readonly ModelSession session;
    private readonly BlockingCollection<SwapOrder> orders = [];
    private readonly CancellationTokenSource ended = new();
    private readonly Thread worker;
    private ReadySwap? ready;
    private PendingUnload? unloading;

    /// <summary>Begins to take wishes.</summary>
    public HotSwap(RunContext run, ModelSession session, ILogger log)
    {
        (this.run, this.session, this.log) = (run, session, log);
        (resolver, preparation, exchange) = (new SwapResolver(run, session), new SwapPreparation(run, session), new SwapExchange(run, session));
        Status = Snapshot(0);
        worker = new Thread(Work) { IsBackground = true, Name = "plugin swaps" };
        worker.Start();
    }

    /// <summary>How far the run is and what computes in it; any thread may read it.</summary>
    public RunStatus Status
    {
        get => Volatile.Read(ref field);
        private set => Volatile.Write(ref field, value);
    }

    /// <summary>Whether a swap waits for the next boundary.</summary>
    public bool IsReady => Volatile.Read(ref ready) is not null;

    /// <summary>Asks for a swap. Any thread may ask.</summary>
    /// <param name="target">What is wanted.</param>
    /// <param name="withdrawn">Signalled when nobody wants it any more; what has not happened by then does not.</param>
    /// <returns>What became of it. Never fails.</returns>
    public Task<SwapOutcome> Request(SwapTarget target, CancellationToken withdrawn = default)
    {
        var order = new SwapOrder(target, withdrawn);
        orders.Add(order, CancellationToken.None);
        if (ended.IsCancellationRequested)
        {
            order.Complete(Ended);
        }

        return order.Outcome;
    }

    /// <inheritdoc/>
    public void BeforeStep(int step)
    {
        if (unloading is not null)
        {
            Collect();
        }
        else if (Interlocked.Exchange(ref ready, null) is { } swap)
        {
            Make(swap, step);
        }

        if (Status.Step != step)
        {
            Status = Status with { Step = step };
        }
    }

    /// <summary>Ends: what has happened is reported, what has not is refused. On the compute thread.</summary>
    public void Dispose()
    {
        if (ended.IsCancellationRequested)
        {
            return;
        }

        while (unloading is not null)
        {
            Collect();
        }

        ended.Cancel();
        worker.Join();
        if (Interlocked.Exchange(ref ready, null) is { } swap)
        {
            swap.Prepared.Dispose();
            swap.Order.Complete(Ended);
        }

        while (orders.TryTake(out var order))
        {
            order.Complete(Ended);
        }
    }

    private static SwapOutcome Ended => new(SwapStatus.Refused, "The run ended before a step boundary; nothing was swapped.") { ExitCode = 1 };

    private void Work()
    {
        try
        {
            foreach (var order in orders.GetConsumingEnumerable(ended.Token))
            {
                Prepare(order);
                order.Outcome.Wait(ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
    }

    /// <summary>Not inlined, so that the worker, which waits afterwards, holds on to no plugin.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Prepare(SwapOrder order)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, order.Withdrawn);
        try
        {
            stop.Token.ThrowIfCancellationRequested();
            var prepared = preparation.Make(resolver.Find(order.Target), stop.Token);
            Volatile.Write(ref ready, new ReadySwap(order, prepared));
        }
        catch (SwapRefusedException e)
        {
            Refuse(order, e);
        }
        catch (OperationCanceledException)
        {
            order.Complete(ended.IsCancellationRequested ? Ended : Withdrawn(order));
        }
        catch (Exception e)
        {
            Refuse(order, new SwapRefusedException(Reasons.Of(e)));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Make(ReadySwap swap, int step)
    {
        if (swap.Order.Withdrawn.IsCancellationRequested)
        {
            swap.Prepared.Dispose();
            swap.Order.Complete(Withdrawn(swap.Order));
            return;
        }

        var watch = Stopwatch.StartNew();
        try
        {
            var retired = exchange.Apply(swap.Prepared);
            unloading = new PendingUnload(swap.Order, swap.Prepared.Candidate.Change, step, watch.Elapsed, retired);
            Status = Snapshot(step);
        }
        catch (SwapRefusedException e)
        {
            swap.Prepared.Dispose();
            Refuse(swap.Order, e);
        }
    }

    private void Collect()
    {
        if (!unloading!.IsOver)
        {
            unloading.Collect();
        }

        if (unloading.IsOver)
        {
            var outcome = unloading.Outcome();
            log.Log(outcome.OldIsFreed == false ? LogLevel.Warning : LogLevel.Information, "{Swap}", outcome.Message);
            unloading.Order.Complete(outcome);
            unloading = null;
        }
    }

    private void Refuse(SwapOrder order, SwapRefusedException reason)
    {
        var message = reason.Status == SwapStatus.Refused ? $"kept what runs: {reason.Message}" : reason.Message;
        if (reason.Status == SwapStatus.Refused)
        {
            log.LogWarning("{Swap}", message);
        }

        order.Complete(new SwapOutcome(reason.Status, message) { ExitCode = reason.ExitCode, Step = Status.Step });
    }

    private static SwapOutcome Withdrawn(SwapOrder order) => new(SwapStatus.Refused, $"'{order.Target.Text}' was withdrawn; nothing was swapped.") { ExitCode = 1 };

    private RunStatus Snapshot(int step)
    {
        var used = new InUse(session.Composition);
        return new RunStatus(step,
            [.. run.Plugins.Plugins.Select(p => new ActivePlugin(p.Manifest.Id, p.Manifest.Version.ToString(), p.Installed.Path, [.. used.Of(p.Manifest.Id).Select(u => $"{u.Point} {u.Name}")]))]);
    }

    private sealed record ReadySwap(SwapOrder Order, PreparedSwap Prepared);
}
