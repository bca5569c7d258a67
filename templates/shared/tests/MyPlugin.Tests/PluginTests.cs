using System.Reflection;
using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;

// Leak checks count all tensors of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace PluginNamespace.Tests;

/// <summary>Fails when an extension has no conformance class.</summary>
public sealed class EveryExtensionIsTested : EveryExtensionHasASuite
{
    protected override IEnumerable<Assembly> Plugins => [Assembly.Load("MyPlugin")];
}

public sealed class PluginTests
{
    [Fact]
    public void It_is_marked_as_a_plugin_and_its_options_are_in_order()
        => Assert.Empty(new PluginSuite(Assembly.Load("MyPlugin")).Run().SelectMany(check => check.Failures));
}
