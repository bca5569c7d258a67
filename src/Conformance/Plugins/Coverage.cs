using System.Reflection;

namespace Neoteny.Conformance;

/// <summary>Lets go of an assembly that coverlet has instrumented: its counters wait for the end of the process, which would keep any load context alive.</summary>
internal static class Coverage
{
    /// <summary>Writes the counts that the assembly has gathered and takes its handlers off the process. Nothing where it is not instrumented.</summary>
    public static void Release(Assembly assembly)
    {
        foreach (var tracker in assembly.GetTypes().Where(t => t.Namespace == "Coverlet.Core.Instrumentation.Tracker"))
        {
            if (tracker.GetMethod("UnloadModule", BindingFlags.Public | BindingFlags.Static)?.CreateDelegate<EventHandler>() is { } unload)
            {
                unload(null, EventArgs.Empty);
                AppDomain.CurrentDomain.ProcessExit -= unload;
                AppDomain.CurrentDomain.DomainUnload -= unload;
            }
        }
    }
}
