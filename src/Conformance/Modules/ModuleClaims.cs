using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What an override says of itself: the sites that it takes and the features that it computes.</summary>
internal sealed class ModuleClaims(CheckRun run, IModuleOverride module, ConformanceSettings settings)
{
    /// <summary>Every path is one of the model, named once.</summary>
    public void AreSites()
    {
        var any = false;
        foreach (var variant in ModuleVariant.All)
        {
            run.Case(variant.Name, () =>
            {
                using var model = TinyModel.Make(variant, settings, settings.FirstDType);
                var paths = module.Claim(model).ToList();
                any |= paths.Count > 0;
                run.That(paths.Distinct().Count() == paths.Count, "it claims a site twice");
                foreach (var path in paths.Where(p => model.Sites.All(s => s.Path != p)))
                {
                    run.Fail($"it claims '{path}', which the model does not have");
                }
            });
        }

        run.Overall(any, "it claims no site of any tiny model, so nothing was compared");
    }

    /// <summary>Every feature claimed is carried by a site that was compared.</summary>
    public void AreComputed()
    {
        var known = Enum.GetValues<ModuleFeatures>().Aggregate(ModuleFeatures.None, (f, m) => f | m);
        run.That((module.Supports & ~known) == 0, $"it claims {module.Supports & ~known}, which this version of the kit does not know");
        run.That(module.Supports == module.Supports && module.Kind == module.Kind, "its answers change from call to call");
        var carried = ModuleFeatures.None;
        ModuleCases.ForEach(run, module, settings, [settings.FirstDType], (model, site, dtype) =>
        {
            if (SiteCalls.Of(site, model.Variant.Lengths, settings, dtype).Count > 0)
            {
                carried |= site.Carries;
            }
        });
        var untried = module.Supports & known & ~carried;

        // Norms and rotary embeddings never carry any of this; declaring it costs nothing and is true.
        var canCarry = ClaimsLinear();
        run.Overall(untried == 0 || !canCarry, $"it claims {untried}, but no site that it claims carries that here, so it was not computed");
    }

    private bool ClaimsLinear()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Make(ModuleVariant.All[0], settings, settings.FirstDType);
        return module.Claim(model).Any(p => model.Sites.FirstOrDefault(s => s.Path == p) is { } site && site.Below().Prepend(site).Any(s => s.Original is ILinear));
    }
}
