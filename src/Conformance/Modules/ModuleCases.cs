using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Walks over the sites that an override claims and may take.</summary>
internal static class ModuleCases
{
    /// <summary>Runs a check on every claimed site of every variant, one fresh model each, unless the host would refuse what the site carries.</summary>
    public static void ForEach(
        CheckRun run,
        IModuleOverride module,
        ConformanceSettings settings,
        IReadOnlyList<ScalarType> dtypes,
        Action<TinyModel, ModuleSite, ScalarType> check,
        Func<ModuleVariant, bool>? which = null,
        bool oneSiteOfEachRole = false)
    {
        foreach (var variant in ModuleVariant.All.Where(v => which is null || which(v)))
        {
            foreach (var path in Paths(module, variant, settings, oneSiteOfEachRole))
            {
                foreach (var dtype in dtypes)
                {
                    run.Case($"{variant.Name}, {path}, {dtype}", () =>
                    {
                        using var model = TinyModel.Make(variant, settings, dtype);
                        var site = model.At(path);
                        if ((site.Carries & ~module.Supports) == 0)
                        {
                            check(model, site, dtype);
                        }
                    });
                }
            }
        }
    }

    private static List<string> Paths(IModuleOverride module, ModuleVariant variant, ConformanceSettings settings, bool oneOfEachRole)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Make(variant, settings, settings.FirstDType);
        var claimed = module.Claim(model).ToHashSet();
        var sites = model.Sites.Where(s => claimed.Contains(s.Path) && (s.Carries & ~module.Supports) == 0);
        return [.. (oneOfEachRole ? sites.DistinctBy(s => s.Original.GetType()) : sites).Select(s => s.Path)];
    }
}
