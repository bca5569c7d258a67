using Neoteny.Parallelism;
using Neoteny.Conformance.Xunit;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class DataParallelTests : ParallelismConformance
{
    protected override IParallelism Create() => new DataParallel();
}
