using System.Security.Cryptography;
using System.Text;

namespace Neoteny.Runtime.Cuda;

/// <summary>Compiled kernels on disk, one file each, named by the hash of everything that went into it.</summary>
/// <remarks>
/// A file is: eight letters of magic, the hash of the request, the hash of the code (32 bytes each), the code. An entry that is cut off, altered or that
/// belongs to another request is compiled again. Files are put in place by an atomic rename, so several processes may share the folder. A
/// folder that cannot be written costs the caching, not the run.
/// </remarks>
/// <param name="folder">Where the files lie; made when first needed.</param>
/// <param name="compiler">Compiles what is missing.</param>
internal sealed class KernelCache(string folder, IKernelCompiler compiler)
{
    private const int HashBytes = 32;
    private static readonly byte[] Magic = Encoding.ASCII.GetBytes("NTNYCU01");

    /// <summary>The machine code of a request, from disk where it is there.</summary>
    /// <exception cref="CudaException">The source has errors.</exception>
    public byte[] Get(KernelRequest request)
    {
        var key = request.Key(compiler.Version);
        var path = PathOf(request.Name, key);
        if (Read(path, key) is { } known)
            return known;
        var code = compiler.Compile(request);
        TryWrite(path, key, code);
        return code;
    }

    /// <summary>Forgets an entry that the driver refuses, and compiles it again.</summary>
    public byte[] Renew(KernelRequest request)
    {
        var key = request.Key(compiler.Version);
        var code = compiler.Compile(request);
        TryWrite(PathOf(request.Name, key), key, code);
        return code;
    }

    /// <summary>Where the entry of a key lies.</summary>
    public string PathOf(string name, string key) => Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(name)}-{key[..24]}.cubin");

    private static byte[]? Read(string path, string key)
    {
        try
        {
            if (!File.Exists(path))
                return null;
            var bytes = File.ReadAllBytes(path);
            var start = Magic.Length + (2 * HashBytes);
            return bytes.Length > start && bytes.AsSpan().StartsWith(Magic)
                && bytes.AsSpan(Magic.Length, HashBytes).SequenceEqual(Convert.FromHexString(key))
                && bytes.AsSpan(Magic.Length + HashBytes, HashBytes).SequenceEqual(SHA256.HashData(bytes.AsSpan(start)))
                ? bytes[start..] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void TryWrite(string path, string key, byte[] code)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var beside = $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}";
            File.WriteAllBytes(beside, [.. Magic, .. Convert.FromHexString(key), .. SHA256.HashData(code), .. code]);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The code is at hand; only the next process compiles again.
        }
    }
}
