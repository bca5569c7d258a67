using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Plugins.Lora;

namespace Neoteny.Plugins.Tests.Samples;

/// <summary>LoRA with something that happens to each delta and its site.</summary>
internal sealed class SampleAdapter : IAdapter
{
    private readonly LoraAdapter lora = new(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj", "down_proj"] });

    public Action<ModuleSite, LowRankDelta> AfterAttach { get; init; } = static (_, _) => { };

    public AdapterFeatures Supports => lora.Supports;

    public IEnumerable<string> Claim(AdapterRequest request) => lora.Claim(request);

    public LowRankDelta Attach(ModuleSite site, AdapterRequest request)
    {
        var delta = lora.Attach(site, request);
        AfterAttach(site, delta);
        return delta;
    }

    public bool Reads(AdapterFiles files) => lora.Reads(files);

    public AdapterFiles Export(AdapterExport export) => lora.Export(export);
}
