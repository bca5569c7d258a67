using Neoteny.Conformance.Xunit;
using Neoteny.Losses;

namespace PluginNamespace.Tests;

/// <summary>Every rule of the extension point, one fact each.</summary>
public sealed class PlainLossTests : LossConformance
{
    protected override ILoss Create() => new PlainLoss(new PlainLossOptions());
}

/// <summary>The same with blocks that do not divide the number of tokens.</summary>
public sealed class PlainLossInSmallBlocksTests : LossConformance
{
    protected override ILoss Create() => new PlainLoss(new PlainLossOptions { BlockTokens = 3 });
}
