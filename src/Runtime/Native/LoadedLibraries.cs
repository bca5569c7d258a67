using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Native;

/// <summary>Native libraries that this process has in memory already, brought by libtorch.</summary>
public static class LoadedLibraries
{
    /// <summary>The file of a loaded library, or null.</summary>
    /// <param name="name">The beginning of its file name, such as <c>libcudnn.so</c>.</param>
    public static string? PathOf(string name) => FindIn(File.Exists("/proc/self/maps") ? File.ReadLines("/proc/self/maps") : [], name);

    /// <summary>The address of a function of a loaded library, or zero.</summary>
    /// <param name="name">The beginning of the library's file name.</param>
    /// <param name="function">The function as exported.</param>
    public static nint Function(string name, string function)
        => PathOf(name) is { } path && NativeLibrary.TryLoad(path, out var handle) && NativeLibrary.TryGetExport(handle, function, out var address) ? address : 0;

    /// <summary>Looks through lines of <c>/proc/self/maps</c>.</summary>
    internal static string? FindIn(IEnumerable<string> maps, string name)
        => maps.Select(line => line.IndexOf('/') is >= 0 and var at ? line[at..] : "")
            .FirstOrDefault(path => Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal));
}
