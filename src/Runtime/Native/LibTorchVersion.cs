using System.Text.RegularExpressions;

namespace Neoteny.Runtime.Native;

/// <summary>Which libtorch versions are known to work, and which one a folder holds.</summary>
/// <remarks>
/// TorchSharp's glue library calls C++ symbols of libtorch whose layout changes from version to version: another one would end the process at some
/// later call. A PyTorch installation says its version in <c>torch/version.py</c> beside <c>torch/lib</c>; every libtorch since 2.9 says it itself.
/// </remarks>
internal static partial class LibTorchVersion
{
    private static readonly Version[] Known = [new(2, 10), new(2, 11)];

    /// <summary>The versions that work, as a text.</summary>
    public static string KnownText => string.Join(" and ", Known.Select(v => v.ToString()));

    /// <summary>What the installation around a folder says about itself: its version, such as <c>2.11.0+cu130</c>, and the CUDA it was built for.</summary>
    public static (string? Version, Version? Cuda) Declared(string folder)
    {
        var file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(folder)) ?? "", "version.py");
        if (!File.Exists(file))
            return (null, null);
        var text = File.ReadAllText(file);
        var version = TorchLine().Match(text);
        var cuda = CudaLine().Match(text);
        return (version.Success ? version.Groups[1].Value : null, cuda.Success ? Version.Parse(cuda.Groups[1].Value) : null);
    }

    /// <summary>The version behind <c>aoti_torch_abi_version</c>: one byte each for major, minor and patch, from the top.</summary>
    public static Version Decode(ulong abi) => new((int)(abi >> 56), (int)(abi >> 48 & 0xff), (int)(abi >> 40 & 0xff));

    /// <summary>Refuses a version that is not known to work.</summary>
    /// <param name="version">Such as <c>2.11.0+cu130</c>; null where the library is too old to say.</param>
    /// <param name="folder">Where it lies.</param>
    /// <exception cref="InputException">It is another version.</exception>
    public static void Require(string? version, string folder)
    {
        var number = version is null ? null : NumberPart().Match(version);
        if (number is { Success: true } && Known.Contains(Version.Parse(number.Value)))
            return;
        throw new InputException($"libtorch in {folder} is {version ?? "older than 2.9"}; {KnownText} are known to work, and any other would end the process sooner or later. "
            + $"Point {LibTorch.Variable} at the torch/lib folder of a PyTorch {Known[^1]} (pip install torch=={Known[^1]}.*), or unset it to use the one that Neoteny brings.");
    }

    [GeneratedRegex(@"^__version__\s*=\s*['""]([^'""]+)['""]", RegexOptions.Multiline)]
    private static partial Regex TorchLine();

    [GeneratedRegex(@"^cuda\b[^=\n]*=\s*['""](\d+\.\d+)", RegexOptions.Multiline)]
    private static partial Regex CudaLine();

    [GeneratedRegex(@"^\d+\.\d+")]
    private static partial Regex NumberPart();
}
