using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Conformance;

internal sealed partial class TinyModel
{
    private void Experts(string path)
    {
        var gateUp = Parameter($"{path}.gate_up_proj", ExpertCount, 2L * variant.Intermediate, variant.Hidden);
        var down = Parameter($"{path}.down_proj", ExpertCount, variant.Hidden, variant.Intermediate);
        var gateUpBias = variant.Biases ? Parameter($"{path}.gate_up_proj_bias", ExpertCount, 2L * variant.Intermediate) : null;
        var downBias = variant.Biases ? Parameter($"{path}.down_proj_bias", ExpertCount, variant.Hidden) : null;
        Store(gateUp);
        Store(down);
        var site = Site(path, new[] { gateUp, gateUpBias, down, downBias }.OfType<Parameter>().ToList());
        var activation = variant.ClampedExperts
            ? new ExpertActivation { Name = "silu", Alpha = 1.702, Limit = 1.5, UpOffset = 1 }
            : new ExpertActivation { Name = variant.Activation };
        site.Fill(new PlainExperts(site, gateUp, gateUpBias, down, downBias, activation, isExact));
        if (variant.Deltas && !variant.Magnitudes && variant.Dropout == 0)
        {
            site.Attach(StackedDelta(site, DeltaTarget.GateUp, "gate_up_proj", variant.Hidden, 2 * variant.Intermediate));
            site.Attach(StackedDelta(site, DeltaTarget.Down, "down_proj", variant.Intermediate, variant.Hidden));
        }
    }

    private LowRankDelta StackedDelta(ModuleSite site, DeltaTarget target, string name, int inputs, int outputs) => new()
    {
        Target = target,
        ExpertCount = ExpertCount,
        A = Added(site, $"{name}.lora_A.weight", ExpertCount * Rank, inputs),
        B = Added(site, $"{name}.lora_B.weight", outputs, Rank * ExpertCount),
        Scale = 0.75,
    };
}
