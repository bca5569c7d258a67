using Neoteny.Quantization;
using Neoteny.Conformance.Xunit;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class RowInt8Tests : QuantizerConformance
{
    protected override IQuantizer Create() => new RowInt8();
}
