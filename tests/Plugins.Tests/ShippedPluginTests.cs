using System.Reflection;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Lora;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;

namespace Neoteny.Plugins.Tests;

public sealed class ShippedExtensionsHaveSuites : EveryExtensionHasASuite
{
    protected override IEnumerable<Assembly> Plugins =>
    [
        typeof(SdpaAttention).Assembly, typeof(FlashAttention2).Assembly, typeof(FlexAttention).Assembly, typeof(XformersAttention).Assembly,
        typeof(CrossEntropyLoss).Assembly, typeof(CutCrossEntropyLoss).Assembly, typeof(LigerOptions).Assembly, typeof(LoraAdapter).Assembly,
    ];
}

public sealed class SdpaPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(SdpaAttention).Assembly;
}

public sealed class FlashPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(FlashAttention2).Assembly;
}

public sealed class FlexPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(FlexAttention).Assembly;
}

public sealed class XformersPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(XformersAttention).Assembly;
}

public sealed class CrossEntropyPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(CrossEntropyLoss).Assembly;
}

public sealed class CcePluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(CutCrossEntropyLoss).Assembly;
}

public sealed class LigerPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(LigerOptions).Assembly;
}

public sealed class LoraPluginConformance : PluginConformance
{
    protected override Assembly Plugin => typeof(LoraAdapter).Assembly;
}
