using System.Reflection;
using Neoteny.Attention;
using Neoteny.Conformance.Xunit;

// Leak checks count all tensors of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ThirdParty.Attention.Tests;

/// <summary>Every rule of the extension point, with its default options.</summary>
public sealed class BlockwiseTests : AttentionConformance
{
    protected override IAttention Create() => new BlockwiseAttention(new BlockwiseOptions());
}

/// <summary>The same where even short documents have several blocks, the last of them smaller.</summary>
public sealed class SmallBlockTests : AttentionConformance
{
    protected override IAttention Create() => new BlockwiseAttention(new BlockwiseOptions { BlockKeys = 5 });
}

/// <summary>Marks, options, scripts, and that it unloads after use.</summary>
public sealed class WholePluginTests : PluginConformance
{
    protected override Assembly Plugin => typeof(BlockwiseAttention).Assembly;
}

/// <summary>Fails when an extension has no conformance class.</summary>
public sealed class EveryExtensionIsTested : EveryExtensionHasASuite
{
    protected override IEnumerable<Assembly> Plugins => [typeof(BlockwiseAttention).Assembly];
}
