using Neoteny.Autograd;
using Neoteny.Modules;

namespace Neoteny.Conformance;

/// <summary>The quick check of an override on a running model: its block against the current one, on the first site of each role.</summary>
internal static class ModuleSmoke
{
    public static void Check(CheckRun run, IModuleOverride module, LiveShapes live)
    {
        var model = live.Model ?? throw new ArgumentException("A module override is checked on the running model; LiveShapes.Model is missing.");
        var settings = new ConformanceSettings { Device = live.Device, DTypes = [live.DType] };
        var claimed = module.Claim(model).ToList();
        foreach (var path in claimed.Where(p => model.Sites.All(s => s.Path != p)))
        {
            run.Fail($"it claims '{path}', which this model does not have");
        }

        foreach (var site in claimed.Select(p => model.Sites.FirstOrDefault(s => s.Path == p)).OfType<ModuleSite>().DistinctBy(s => s.Original.GetType()))
        {
            if ((site.Carries & ~module.Supports) is not 0 and var missing)
            {
                run.Fail($"{site.Path}: it does not support {missing}, which the site carries");
                continue;
            }

            run.Case(site.Path, () => Compare(run, module, site, live, settings));
        }

        run.That(claimed.Count > 0, "it claims nothing of this model");
    }

    private static void Compare(CheckRun run, IModuleOverride module, ModuleSite site, LiveShapes live, ConformanceSettings settings)
    {
        var block = module.Replace(site);
        var own = site.Below().Prepend(site).SelectMany(s => s.Parameters.Concat(s.Added)).Distinct().ToList();
        foreach (var call in SiteCalls.Of(site, [live.Tokens], settings, live.DType))
        {
            using var _ = call;

            // Both round on their own, so each may be off by the tolerance; dropout is left out, since its masks are an implementation's own.
            var recording = own.All(p => p.Gradient is null) && !site.Carries.HasFlag(ModuleFeatures.DeltaDropout);
            SiteRun Run(IBlock of) => call.Run(of, recording ? own : [], new TapeOptions { Recording = recording });
            SiteComparison.Compare(run, call.Name, Run(site.Original), Run(block), 2 * call.Slack * Tolerance.Of(live.DType));
        }
    }
}
