using Neoteny.Adapters;
using Neoteny.Conformance.Xunit;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class PlainAdapterTests : AdapterConformance
{
    protected override IAdapter Create() => new PlainAdapter(new PlainAdapterOptions { Rank = 3, Alpha = 7 });
}
