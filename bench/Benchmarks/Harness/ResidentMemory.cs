using System.Globalization;

namespace Neoteny.Benchmarks.Harness;

/// <summary>This process's resident memory as the kernel counts it, in bytes.</summary>
internal static class ResidentMemory
{
    /// <summary>Now.</summary>
    public static long Now => Status("VmRSS:");

    /// <summary>The most since the process began, or since <see cref="ForgetPeak"/>.</summary>
    public static long Peak => Status("VmHWM:");

    /// <summary>Starts counting the peak again from now.</summary>
    public static void ForgetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long Status(string key)
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(key, StringComparison.Ordinal));
        return 1024 * long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
