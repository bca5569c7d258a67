using Neoteny.Adapters;
using Neoteny.Conformance.Xunit;
using Neoteny.Plugins.Lora;

namespace Neoteny.Plugins.Tests.Lora;

public sealed class LoraConformance : AdapterConformance
{
    protected override IAdapter Create() => new LoraAdapter(new LoraOptions { Rank = 3, Alpha = 6, Dropout = 0.1, TargetLinear = true });
}

public sealed class RankStabilizedLoraConformance : AdapterConformance
{
    protected override IAdapter Create() => new LoraAdapter(new LoraOptions { Rank = 5, Alpha = 7, UseRsLora = true, TargetModules = ["q_proj", "down_proj"] });
}

public sealed class DoraConformance : AdapterConformance
{
    protected override IAdapter Create() => new LoraAdapter(new LoraOptions { Rank = 3, Alpha = 6, UseDora = true, TargetLinear = true });
}
