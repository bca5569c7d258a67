using Neoteny.Attention;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.Sdpa;

namespace Neoteny.Plugins.Tests.Attention;

public sealed class SdpaConformance : AttentionConformance
{
    protected override IAttention Create() => new SdpaAttention();
}

public sealed class EagerConformance : AttentionConformance
{
    protected override IAttention Create() => new EagerAttention();
}
