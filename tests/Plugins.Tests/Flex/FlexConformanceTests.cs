using Neoteny.Attention;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.Flex;

namespace Neoteny.Plugins.Tests.Flex;

public sealed class FlexConformance : AttentionConformance
{
    protected override IAttention Create() => new FlexAttention(new FlexOptions());
}

/// <summary>Programs that change nothing leave nothing else changed: every case runs through modifications and a mask for each head.</summary>
public sealed class FlexProgramConformance : AttentionConformance
{
    protected override IAttention Create() => new FlexAttention(new FlexOptions
    {
        Masks = ["head >= 0 ? true : q == k"],
        Scores = ["2f * score", "score / 2f + Min(0, q - q) * 1f"],
    });
}
