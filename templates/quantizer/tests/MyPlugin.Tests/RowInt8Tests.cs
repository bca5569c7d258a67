using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Quantization;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class RowInt8Tests : QuantizerConformance
{
    /// <summary>Eight bits are off by less than 1 % of the norm.</summary>
    protected override ConformanceSuite Suite => new QuantizerSuite(Create, Settings, bound: 0.01);

    protected override IQuantizer Create() => new RowInt8();
}
