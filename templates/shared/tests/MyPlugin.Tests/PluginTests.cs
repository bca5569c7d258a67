using System.Reflection;
using Neoteny.Conformance.Xunit;

// Leak checks count all tensors of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace PluginNamespace.Tests;

/// <summary>Marks, options, scripts, and that it unloads after use.</summary>
public sealed class TheWholePluginIsTested : PluginConformance
{
    protected override Assembly Plugin => Assembly.Load("MyPlugin");
}

/// <summary>Fails when an extension has no conformance class.</summary>
public sealed class EveryExtensionIsTested : EveryExtensionHasASuite
{
    protected override IEnumerable<Assembly> Plugins => [Assembly.Load("MyPlugin")];
}
