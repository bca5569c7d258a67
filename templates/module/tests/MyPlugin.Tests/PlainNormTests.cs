using Neoteny.Modules;
using Neoteny.Conformance.Xunit;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class PlainNormTests : ModuleConformance
{
    protected override IModuleOverride Create() => new PlainNorm();
}
