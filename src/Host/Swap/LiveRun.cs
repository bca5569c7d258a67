using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Host.Runs;
using Neoteny.Host.Swap.Control;
using Neoteny.Training.Loop;
using Neoteny.Training.Options;

namespace Neoteny.Host.Swap;

/// <summary>Everything by which a training run can be changed while it is live: its swaps, the door to ask for them, the watch over its plugins.</summary>
internal sealed class LiveRun : ITrainingObserver, IDisposable
{
    private readonly string folder;
    private readonly ILogger log;
    private readonly Func<PluginWatch>? watches;
    private ControlSocket? door;
    private PluginWatch? watch;

    /// <summary>Prepares; the door opens when training starts.</summary>
    /// <param name="run">The run.</param>
    /// <param name="session">Its model.</param>
    /// <param name="log">Its log.</param>
    /// <param name="watch">Whether newer versions of its plugins are swapped in as they appear, and how often to look; null for not.</param>
    public LiveRun(RunContext run, ModelSession session, ILogger log, WatchTimes? watch)
    {
        (folder, this.log) = (run.Options<SavingOptions>().Folder, log);
        Swap = new HotSwap(run, session, log);
        watches = watch is null ? null : () => new PluginWatch(Swap, run.Setup.PluginFolders, log, watch);
    }

    /// <summary>Makes the swaps, between two steps.</summary>
    public HotSwap Swap { get; }

    /// <inheritdoc/>
    public void Started(TrainingPlan plan)
    {
        try
        {
            door = ControlSocket.Open(folder, AnswerAsync);
        }
        catch (NeotenyException e)
        {
            log.LogWarning("'neoteny plugins swap' cannot reach this run: {Reason}", e.Message);
        }

        watch = watches?.Invoke();
    }

    /// <inheritdoc/>
    public void Finished(TrainingResult result) => Dispose();

    /// <summary>Closes the door, after everybody has been answered.</summary>
    public void Dispose()
    {
        Swap.Dispose();
        watch?.Dispose();
        watch = null;
        door?.Dispose();
        door = null;
    }

    private async Task<ControlReply> AnswerAsync(ControlRequest request, CancellationToken gone)
    {
        if (request.Command == ControlRequest.Status)
        {
            return new ControlReply(0, $"step {Swap.Status.Step}") { Status = Swap.Status };
        }

        if (request.Command != ControlRequest.Swap || request.Target is null)
        {
            throw new InputException($"This run does not know the request '{request.Command}'; it knows 'swap' with a target, and 'status'.");
        }

        var outcome = await Swap.Request(SwapTarget.Parse(request.Target), gone);
        var exitCode = outcome.Status == SwapStatus.Swapped ? 0 : Math.Max(outcome.ExitCode, 1);
        return new ControlReply(exitCode, outcome.Message)
        {
            Status = Swap.Status,
            PauseMilliseconds = outcome.Status == SwapStatus.Swapped ? outcome.Pause.TotalMilliseconds : null,
            OldIsFreed = outcome.OldIsFreed,
        };
    }
}
