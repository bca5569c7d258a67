namespace Neoteny.Host.Swap;

/// <summary>How a watch waits.</summary>
/// <param name="Interval">From one look to the next.</param>
/// <param name="Rest">How long a folder must stay the same before it is tried.</param>
/// <param name="Patience">How long one must stay the same before it is called broken: a slow build may pause.</param>
internal sealed record WatchTimes(TimeSpan Interval, TimeSpan Rest, TimeSpan Patience)
{
    /// <summary>Twice a second, one second, ten seconds.</summary>
    public static WatchTimes Usual { get; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
}
