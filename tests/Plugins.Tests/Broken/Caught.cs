using Neoteny.Conformance;

namespace Neoteny.Plugins.Tests.Broken;

/// <summary>Asserts what a suite says of an implementation.</summary>
internal static class Caught
{
    /// <summary>The named check fails, with a text in its failures.</summary>
    public static void By(ConformanceSuite suite, string check, string text = "")
    {
        var result = Assert.Single(suite.Run(check), r => r.Name == check);
        Assert.Equal(CheckStatus.Failed, result.Status);
        Assert.Contains(result.Failures, f => f.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>No check fails, and enough of them have something to try.</summary>
    public static void None(ConformanceSuite suite, int atLeast)
    {
        var results = suite.Run().ToList();
        var failures = results.SelectMany(r => r.Failures.Select(f => $"{r.Name}: {f}")).ToList();
        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
        Assert.True(results.Count(r => r.Status == CheckStatus.Passed) >= atLeast, string.Join("; ", results.Where(r => r.Status == CheckStatus.Skipped).Select(r => $"{r.Name}: {r.Reason}")));
    }
}
