using Neoteny.Modules;

namespace Neoteny.Tests;

/// <summary>Puts modules in place of those that they claim.</summary>
internal static class Overrides
{
    /// <summary>Replaces all that the overrides claim; gives how many sites that were.</summary>
    public static int Install(IModuleTree model, params IModuleOverride[] overrides)
    {
        var count = 0;
        foreach (var module in overrides)
        {
            foreach (var path in module.Claim(model).ToList())
            {
                var site = model.At(path);
                site.Replace(module.Replace(site));
                count++;
            }
        }

        return count;
    }
}
