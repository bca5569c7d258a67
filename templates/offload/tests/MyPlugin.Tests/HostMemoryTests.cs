using Neoteny.Offload;
using Neoteny.Conformance.Xunit;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class HostMemoryTests : OffloadConformance
{
    protected override IOffload Create() => new HostMemory();
}
