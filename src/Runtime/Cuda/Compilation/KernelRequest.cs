using System.Security.Cryptography;
using System.Text;

namespace Neoteny.Runtime.Cuda;

/// <summary>Everything that decides what machine code comes out, but for the compiler's version.</summary>
/// <param name="Name">The file's name, for messages and line information.</param>
/// <param name="Text">The source.</param>
/// <param name="Headers">The headers that it may include, by name.</param>
/// <param name="Options">The compiler's options, architecture excluded.</param>
/// <param name="Architecture">What to compile for.</param>
internal sealed record KernelRequest(
    string Name, string Text, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<string> Options, CudaArchitecture Architecture)
{
    /// <summary>A hash over all of it and the compiler's version, in lower-case hexadecimal.</summary>
    public string Key(string compilerVersion)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, compilerVersion);
        Add(hash, Architecture.Name);
        Add(hash, Name);
        Add(hash, Text);
        foreach (var (name, text) in Headers)
        {
            Add(hash, name);
            Add(hash, text);
        }

        foreach (var option in Options)
            Add(hash, option);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Length first, so that no two lists of texts look alike.</summary>
    private static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }
}
