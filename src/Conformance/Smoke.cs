using System.Diagnostics;
using Neoteny.Attention;
using Neoteny.Losses;
using Neoteny.Modules;

namespace Neoteny.Conformance;

/// <summary>A quick check of an implementation on the shapes of a running model, before it is swapped in.</summary>
/// <remarks>
/// Forward and backward are compared with the references of the suites, in milliseconds on the CPU. Call it between two optimizer steps on the
/// compute thread: gradients of the live model must have been dropped, and are absent afterwards. Nothing is installed.
/// </remarks>
public static class Smoke
{
    /// <summary>Checks an attention kernel, a loss or a module override.</summary>
    /// <param name="extension">The new implementation.</param>
    /// <param name="live">The running model.</param>
    /// <returns>What went wrong, one line each; empty when it may be swapped in. Texts only.</returns>
    /// <exception cref="ArgumentException">The extension is of a point that cannot be swapped.</exception>
    public static IReadOnlyList<string> Check(object extension, LiveShapes live)
    {
        var watch = Stopwatch.StartNew();
        Action<CheckRun> check = extension switch
        {
            IAttention attention => run => AttentionSmoke.Check(run, attention, live),
            ILoss loss => run => LossSmoke.Check(run, loss, live),
            IModuleOverride module => run => ModuleSmoke.Check(run, module, live),
            _ => throw new ArgumentException("Only attention, loss and module extensions can be swapped.", nameof(extension)),
        };
        var result = new ConformanceCheck("smoke", check).Run();
        return watch.Elapsed <= live.TimeLimit
            ? result.Failures
            : [.. result.Failures, $"the check took {watch.Elapsed.TotalSeconds:f1} s, at most {live.TimeLimit.TotalSeconds:f1} s"];
    }
}
