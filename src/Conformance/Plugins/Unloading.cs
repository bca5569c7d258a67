using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Neoteny.Conformance;

/// <summary>Tries that nothing of a plugin stays behind when it is unloaded.</summary>
public static class Unloading
{
    private const int LongestPause = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Loads a plugin once more, with the dependencies that it brings, into a load context of its own; uses it there, unloads it, and demands that the context is freed.</summary>
    /// <param name="run">Receives the failure.</param>
    /// <param name="plugin">The plugin's assembly.</param>
    /// <param name="user">The assembly whose code uses it, loaded beside it: the tests, for instance.</param>
    /// <param name="use">Called with the copies of the plugin and of the user. It may hold on to nothing of them.</param>
    public static void Try(CheckRun run, Assembly plugin, Assembly user, Action<Assembly, Assembly> use)
    {
        Judge(run, IsFreed(UseAndUnload(plugin, user, use)));
    }

    /// <summary>Collects garbage until an unloaded context is freed, for a few seconds at most: threads of the runtime, such as the one that compiles used methods again, let go a moment later.</summary>
    /// <param name="context">The context, unloaded.</param>
    public static bool IsFreed(WeakReference context)
    {
        var start = Stopwatch.GetTimestamp();
        for (var pause = 0; ; pause = Math.Min(LongestPause, pause + 10))
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (!context.IsAlive || Stopwatch.GetElapsedTime(start) > Patience)
            {
                return !context.IsAlive;
            }

            Thread.Sleep(pause);
        }
    }

    /// <summary>Demands that the load context of a plugin was freed; for those who loaded and unloaded it themselves.</summary>
    /// <param name="run">Receives the failure.</param>
    /// <param name="isFreed">Whether it was.</param>
    public static void Judge(CheckRun run, bool isFreed)
        => run.That(isFreed, "its load context is still alive: something of it is referred to by a static, a thread, a timer or an event outside");

    /// <summary>Not inlined, so that no register or stack slot of the caller holds on to the context.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseAndUnload(Assembly plugin, Assembly user, Action<Assembly, Assembly> use)
    {
        var context = new OwnContext(plugin, user);
        try
        {
            use(context.Copy(plugin), context.Copy(user));
        }
        finally
        {
            foreach (var assembly in context.Assemblies)
            {
                Coverage.Release(assembly);
            }

            context.Unload();
        }

        return new WeakReference(context, trackResurrection: true);
    }
}
