using System.Runtime.CompilerServices;
using Neoteny.Runtime.Native;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>The base of all conformance classes: one fact for each check of a suite.</summary>
public abstract class ConformanceFacts
{
    static ConformanceFacts() => LibTorch.Load();

    /// <summary>The checks.</summary>
    protected abstract ConformanceSuite Suite { get; }

    /// <summary>Runs the check whose name, with spaces as underscores, is that of the fact.</summary>
    /// <param name="fact">The fact's name; filled in by the compiler.</param>
    protected void Check([CallerMemberName] string fact = "")
    {
        var check = Suite.Checks.First(c => FactName.Of(c.Name) == fact);
        var result = check.Run();
        Skip.If(result.Status == CheckStatus.Skipped, result.Reason);
        Assert.True(result.Status == CheckStatus.Passed, string.Join(Environment.NewLine, result.Failures));
    }
}
