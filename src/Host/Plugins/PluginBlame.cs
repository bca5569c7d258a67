using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Neoteny.Plugins;

namespace Neoteny.Host.Plugins;

/// <summary>Finds the plugin whose code threw, so that a failure in the middle of a run names it.</summary>
internal static class PluginBlame
{
    /// <summary>A sentence about the plugin at fault; null if no plugin's code is on the way to the failure.</summary>
    /// <param name="exception">What ended the run.</param>
    public static string? Of(Exception exception)
    {
        var assembly = new StackTrace(exception).GetFrames().Select(f => f.GetMethod()?.DeclaringType?.Assembly).FirstOrDefault(IsPlugin);
        return assembly is null ? null : $"The plugin {Name(assembly)} failed: {Reasons.Of(exception)}";
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string Name(Assembly assembly)
    {
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return $"{assembly.GetCustomAttribute<PluginAttribute>()!.Id} {version}";
    }

    private static bool IsPlugin(Assembly? assembly) => assembly?.IsDefined(typeof(PluginAttribute)) == true;
}
