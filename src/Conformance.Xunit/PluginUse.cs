using System.Reflection;

namespace Neoteny.Conformance.Xunit;

/// <summary>Uses a plugin as its own tests do.</summary>
internal static class PluginUse
{
    /// <summary>Runs the suite of each conformance class that creates an extension of the plugin, briefly.</summary>
    /// <param name="run">Receives failures: what passes in the tests and fails here depends on the load context.</param>
    /// <param name="plugin">The plugin.</param>
    /// <param name="tests">Holds the classes.</param>
    /// <returns>How many checks were not skipped.</returns>
    public static int Of(CheckRun run, Assembly plugin, Assembly tests)
    {
        var (classes, used) = (0, 0);
        foreach (var conformance in ExtensionClasses.In(tests).Where(c => c.ExtensionType.Assembly == plugin))
        {
            classes++;
            foreach (var result in conformance.Suite.RunBriefly())
            {
                used += result.Status == CheckStatus.Skipped ? 0 : 1;
                foreach (var failure in result.Failures)
                {
                    run.Fail($"{conformance.GetType().Name}, in a load context of its own: {result.Name}: {failure}");
                }
            }
        }

        run.That(classes > 0, $"{tests.GetName().Name} has no conformance class that creates an extension of {plugin.GetName().Name}");
        return used;
    }
}
