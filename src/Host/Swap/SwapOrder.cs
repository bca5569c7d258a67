namespace Neoteny.Host.Swap;

/// <summary>A wish on its way.</summary>
/// <param name="Target">What is wanted.</param>
/// <param name="Withdrawn">Signalled when nobody wants it any more.</param>
internal sealed record SwapOrder(SwapTarget Target, CancellationToken Withdrawn)
{
    private readonly TaskCompletionSource<SwapOutcome> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the swap has happened or was refused.</summary>
    public Task<SwapOutcome> Outcome => done.Task;

    /// <summary>Says what became of it; only the first word counts.</summary>
    public bool Complete(SwapOutcome outcome) => done.TrySetResult(outcome);
}
