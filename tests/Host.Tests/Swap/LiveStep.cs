using Neoteny.Host.Configuration;
using Neoteny.Host.Swap;

namespace Neoteny.Host.Tests.Swap;

/// <summary>A step that a run has just made.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Swap">What can change the run.</param>
/// <param name="Run">The run.</param>
internal sealed record LiveStep(int Step, HotSwap Swap, RunContext Run)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Asks for a swap and waits until it is refused or prepared: then it happens before the next step.</summary>
    public Task<SwapOutcome> Ask(string target, CancellationToken withdrawn = default)
    {
        var outcome = Swap.Request(SwapTarget.Parse(target), withdrawn);
        WaitFor(() => outcome.IsCompleted || Swap.IsReady);
        return outcome;
    }

    /// <summary>Holds the run up until something is so.</summary>
    public static void WaitFor(Func<bool> holds) => Assert.True(SpinWait.SpinUntil(() => holds(), Limit), "it never came");
}
