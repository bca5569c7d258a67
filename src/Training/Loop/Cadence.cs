using Neoteny.Training.Options;

namespace Neoteny.Training.Loop;

/// <summary>When something is done that is done now and then.</summary>
/// <param name="Kind">Never, every so many steps, or at the end of epochs.</param>
/// <param name="Every">Steps between two times.</param>
public sealed record Cadence(CadenceKind Kind, int Every = 1)
{
    /// <summary>The cadence of a configuration.</summary>
    /// <param name="strategy">What the file says; null where it says nothing.</param>
    /// <param name="steps">Steps between, or a fraction of all steps below 1.</param>
    /// <param name="perEpoch">Times in each epoch.</param>
    /// <param name="totalSteps">All steps.</param>
    /// <param name="stepsPerEpoch">Steps of an epoch.</param>
    public static Cadence Of(CadenceKind? strategy, double? steps, int? perEpoch, int totalSteps, int stepsPerEpoch)
    {
        if (strategy is CadenceKind.No || steps is 0 || perEpoch is 0)
            return new Cadence(CadenceKind.No);
        if (steps is { } every)
            return new Cadence(CadenceKind.Steps, (int)Math.Max(1, Math.Ceiling(every < 1 ? every * totalSteps : every)));
        if (perEpoch is { } times)
            return new Cadence(CadenceKind.Steps, Math.Max(1, (stepsPerEpoch + times - 1) / times));
        return new Cadence(CadenceKind.Epoch);
    }

    /// <summary>Whether it is due after a step.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="endsEpoch">Whether the step ended an epoch.</param>
    /// <param name="isLast">Whether it was the last step of the run: then everything that is done at all is done.</param>
    public bool IsDue(int step, bool endsEpoch, bool isLast) => Kind switch
    {
        CadenceKind.Steps => isLast || step % Every == 0,
        CadenceKind.Epoch => isLast || endsEpoch,
        _ => false,
    };
}
