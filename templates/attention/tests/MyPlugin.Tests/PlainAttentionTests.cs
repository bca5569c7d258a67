using Neoteny.Attention;
using Neoteny.Conformance.Xunit;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class PlainAttentionTests : AttentionConformance
{
    protected override IAttention Create() => new PlainAttention();
}
