using System.Reflection;
using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;

namespace Neoteny.Plugins.Tests;

public sealed class ConformanceKitTests
{
    public static TheoryData<Type> Classes() =>
    [
        typeof(AttentionConformance), typeof(LossConformance), typeof(ModuleConformance), typeof(AdapterConformance),
        typeof(QuantizerConformance), typeof(OffloadConformance), typeof(ParallelismConformance),
    ];

    [Theory]
    [MemberData(nameof(Classes))]
    public void Every_check_of_a_suite_is_a_fact_of_its_class(Type type)
    {
        var point = Assert.Single(type.BaseType!.GetGenericArguments());
        var checks = Suites.Of(point, () => throw new InvalidOperationException("nothing is created before a check runs"), new ConformanceSettings()).Checks;
        Assert.Equal(checks.Select(FactNameOf).Order(), Facts(type).Order());
        Assert.True(checks.Count >= 7);
    }

    [Fact]
    public void Every_check_of_a_plugin_is_a_fact_of_its_class()
    {
        var checks = new PluginSuite(typeof(ConformanceKitTests).Assembly, unload: _ => { }).Checks;
        Assert.Equal(checks.Select(FactNameOf).Order(), Facts(typeof(PluginConformance)).Order());
        Assert.True(checks.Count >= 6);
    }

    [Fact]
    public void A_check_that_tries_nothing_fails()
    {
        var result = new ConformanceCheck("empty", _ => { }).Run();
        Assert.Equal((CheckStatus.Failed, "nothing was tried: every case was refused or left out"), (result.Status, Assert.Single(result.Failures)));
    }

    [Fact]
    public void Failures_beyond_the_eighth_are_counted()
    {
        var result = new ConformanceCheck("many", run => Enumerable.Range(0, 12).ToList().ForEach(i => run.Case($"case {i}", () => run.That(false, "wrong")))).Run();
        Assert.Equal(12, result.Cases);
        Assert.Equal(["case 0: wrong", "case 7: wrong", "and 4 more"], [result.Failures[0], result.Failures[7], result.Failures[8]]);
    }

    [Fact]
    public void A_plugin_without_its_suites_or_its_serial_tests_is_told_so()
    {
        var missing = Assert.Throws<Xunit.Sdk.TrueException>(() => new Lacking(typeof(ConformanceKitTests).Assembly, [typeof(Unsuited).Assembly]).No_extension_is_without_its_suite());
        Assert.Contains("Unsuited has no class that inherits LossConformance", missing.Message, StringComparison.Ordinal);
        var untried = Assert.Throws<Xunit.Sdk.TrueException>(() => new Lacking(typeof(ConformanceKitTests).Assembly, [typeof(Unsuited).Assembly]).No_plugin_is_without_its_suite());
        Assert.Contains("Neoteny.Plugins.Tests has no class that inherits PluginConformance", untried.Message, StringComparison.Ordinal);
        var parallel = Assert.Throws<Xunit.Sdk.TrueException>(() => new Lacking(typeof(Suites).Assembly, []).Tests_run_one_at_a_time());
        Assert.StartsWith("Write [assembly: CollectionBehavior(DisableTestParallelization = true)] in Neoteny.Conformance.", parallel.Message, StringComparison.Ordinal);
    }

    private static string FactNameOf(ConformanceCheck check) => check.Name.Replace(",", "").Replace(' ', '_').Replace('-', '_');

    private static IEnumerable<string> Facts(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(m => m.IsDefined(typeof(SkippableFactAttribute))).Select(f => f.Name);

    private sealed class Lacking(Assembly tests, Assembly[] plugins) : EveryExtensionHasASuite
    {
        protected override IEnumerable<Assembly> Plugins => plugins;

        protected override Assembly Tests => tests;
    }

    [Provides("unsuited")]
    private sealed class Unsuited : Neoteny.Losses.ILoss
    {
        public Neoteny.Losses.LossFeatures Supports => 0;

        public Neoteny.Losses.LossResult Compute(Neoteny.Losses.LossInput input) => throw new NotSupportedException();
    }
}
