using Polly;
using Polly.Retry;

namespace Neoteny.Models.Hub;

/// <summary>Tries again what may pass: growing waits with jitter, or the wait that the hub asks for.</summary>
internal static class HubRetry
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static ResiliencePipeline Make(HubSettings settings) => new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
    {
        ShouldHandle = new PredicateBuilder().Handle<HubTransferException>(static e => !e.IsFinal),
        MaxRetryAttempts = settings.Retries,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = settings.RetryDelay,
        MaxDelay = TimeSpan.FromSeconds(30),
        DelayGenerator = static arguments => ValueTask.FromResult((arguments.Outcome.Exception as HubTransferException)?.RetryAfter is { } asked
            ? TimeSpan.FromTicks(Math.Min(asked.Ticks, Longest.Ticks))
            : (TimeSpan?)null),
    }).Build();
}
