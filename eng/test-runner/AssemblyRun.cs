using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Neoteny.TestRunner;

/// <summary>Runs one test assembly in this process.</summary>
internal static class AssemblyRun
{
    /// <summary>Runs the tests whose display name contains one of the texts, or all without texts; verbose names each before it starts, so that a crash shows where.</summary>
    public static Tally Execute(Assembly assembly, IReadOnlyList<string> filters, bool verbose)
    {
        using var sink = new Sink(verbose);
        using var framework = new XunitTestFramework(sink) { SourceInformationProvider = new NoSources() };
        using var discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly));
        discoverer.Find(includeSourceInformation: false, sink, new RunOptions());
        sink.Wait();
        var cases = sink.Cases.Where(c => filters.Count == 0 || filters.Any(f => c.DisplayName.Contains(f, StringComparison.OrdinalIgnoreCase))).ToList();
        if (cases.Count == 0)
            return sink.Tally;
        using var executor = framework.GetExecutor(assembly.GetName());
        executor.RunTests(cases, sink, new RunOptions());
        sink.Wait();
        sink.WriteRemarks();
        return sink.Tally;
    }

    /// <summary>Source places are of no use here.</summary>
    private sealed class NoSources : ISourceInformationProvider
    {
        public ISourceInformation GetSourceInformation(ITestCase testCase) => new SourceInformation();

        public void Dispose()
        {
        }
    }
}
