using Neoteny.Modules;

namespace Neoteny.Conformance;

/// <summary>A block that computes a nested site itself must say so in <see cref="IModuleOverride.Covers"/>; otherwise what took that site is silently left out.</summary>
internal sealed class NestedBlocks(CheckRun run, IModuleOverride module, ConformanceSettings settings)
{
    public void Check()
    {
        var nested = 0;
        ModuleCases.ForEach(run, module, settings, [settings.FirstDType], (model, site, dtype) =>
        {
            var probes = new List<(ModuleSite Site, IProbe Probe)>();
            foreach (var below in site.Below())
            {
                if (Probe.Around(below.Original) is IProbe probe)
                {
                    below.Replace(probe);
                    probes.Add((below, probe));
                }
            }

            site.Replace(module.Replace(site));
            foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, settings, dtype))
            {
                using var _ = call;
                call.Run(site.Current, model.Parameters);
            }

            foreach (var (below, probe) in probes.Where(p => Calls(site, p.Site)))
            {
                nested++;
                run.That(probe.Calls > 0, $"{below.Path} is not called, and the override does not cover its role");
            }
        }, v => v.Name == "plain");
        if (nested == 0)
        {
            run.Skip("it covers what is nested, or nothing is");
        }
    }

    /// <summary>Whether neither the nested site's role nor that of a site between is covered.</summary>
    private bool Calls(ModuleSite outer, ModuleSite nested)
        => outer.Below().Where(s => s == nested || s.Below().Contains(nested)).All(s => !Roles(s).Any(module.Covers));

    private static IEnumerable<Type> Roles(ModuleSite site)
        => site.Original.GetType().GetInterfaces().Where(i => i != typeof(IBlock) && typeof(IBlock).IsAssignableFrom(i) && i != typeof(IProbe));
}
