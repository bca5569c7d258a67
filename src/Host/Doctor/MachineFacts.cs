using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Neoteny.Host.Doctor;

/// <summary>The computer and this program.</summary>
internal static class MachineFacts
{
    private const string Topic = "machine";

    public static IEnumerable<Finding> Collect()
    {
        yield return new(Topic, "neoteny", typeof(MachineFacts).Assembly.GetName().Version!.ToString(3));
        yield return new(Topic, ".NET", RuntimeInformation.FrameworkDescription);
        yield return new(Topic, "system", $"{RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}");
        yield return new(Topic, "processor", $"{ProcessorName()}, {Environment.ProcessorCount} processors in use");
        yield return new(Topic, "SIMD", Simd());
        yield return new(Topic, "memory", Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
    }

    /// <summary>Bytes in GiB.</summary>
    public static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):f1} GiB");

    private static string Simd() => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : Avx.IsSupported ? "AVX" : "SSE4.2 or less";

    private static string ProcessorName()
    {
        const string key = "model name";
        var line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? "unknown";
    }
}
