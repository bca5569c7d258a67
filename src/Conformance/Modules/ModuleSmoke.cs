using Neoteny.Modules;

namespace Neoteny.Conformance;

internal static class ModuleSmoke
{
    public static void Check(CheckRun run, IModuleOverride module, LiveShapes live)
    {
    }
}
