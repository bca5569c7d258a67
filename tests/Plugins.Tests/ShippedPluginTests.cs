using System.Reflection;
using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Lora;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;

namespace Neoteny.Plugins.Tests;

public sealed class ShippedExtensionsHaveSuites : EveryExtensionHasASuite
{
    protected override IEnumerable<Assembly> Plugins => ShippedPluginTests.Assemblies;
}

public sealed class ShippedPluginTests
{
    public static Assembly[] Assemblies { get; } = [typeof(SdpaAttention).Assembly, typeof(FlashAttention2).Assembly, typeof(FlexAttention).Assembly, typeof(XformersAttention).Assembly, typeof(CrossEntropyLoss).Assembly, typeof(CutCrossEntropyLoss).Assembly, typeof(LoraAdapter).Assembly];

    public static TheoryData<string> Names() => [.. Assemblies.Select(a => a.GetName().Name!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_plugin_names_its_extensions_validates_its_options_and_its_scripts_compile(string name)
    {
        var results = new PluginSuite(Assemblies.Single(a => a.GetName().Name == name)).Run().ToList();
        Assert.Equal(4, results.Count);
        Assert.Equal([], results.SelectMany(r => r.Failures));
        Assert.Contains(results, r => r.Status == CheckStatus.Passed);
    }
}
