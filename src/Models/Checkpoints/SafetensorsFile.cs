using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>A safetensors file, mapped into memory and read tensor by tensor.</summary>
/// <remarks>
/// Each read copies once, from the map into the tensor, converting on the way; pages that were read are given back, so that the process
/// grows by the tensors alone. Nothing of the data passes through managed memory. Threads may read at the same time. The file must not be
/// shortened while it is open.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly SafetensorsHeader header;
    private readonly Dictionary<string, SafetensorsEntry> byName;
    private readonly byte* data;

    private SafetensorsFile(string path, MemoryMappedFile map, long length)
    {
        (Path, this.map) = (path, map);
        view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            var size = SafetensorsHeader.Length(path, new ReadOnlySpan<byte>(start, (int)Math.Min(length, 8)), length);
            header = SafetensorsHeader.Parse(path, new ReadOnlySpan<byte>(start + 8, size), length);
        }
        catch
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            throw;
        }

        data = start + header.DataStart;
        byName = header.Entries.ToDictionary(e => e.Name);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => header.Entries;

    /// <summary>What the writer noted, such as <c>format</c>: <c>pt</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its whole header.</summary>
    /// <exception cref="InputException">The file is missing, unreadable, truncated or malformed.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle? handle = null;
        MemoryMappedFile? map = null;
        try
        {
            handle = File.OpenHandle(path);
            var length = RandomAccess.GetLength(handle);
            if (length < 8)
            {
                _ = SafetensorsHeader.Length(path, [], length);
            }

            map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new SafetensorsFile(path, map, length);
        }
        catch (Exception e)
        {
            map?.Dispose();
            handle?.Dispose();
            throw e switch
            {
                FileNotFoundException or DirectoryNotFoundException => new InputException($"There is no file {path}. Check the path, or download the model again.", e),
                UnauthorizedAccessException or IOException => new InputException($"{path} cannot be read: {e.Message} Check that it is a file and its permissions.", e),
                _ => e,
            };
        }
    }

    /// <summary>Whether the file holds a tensor.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>The description of a tensor.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public SafetensorsEntry Entry(string name)
        => byName.TryGetValue(name, out var entry) ? entry : throw new InputException($"{Path} has no tensor '{name}'; it holds {Describe()}.");

    /// <summary>Reads a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">The dtype wanted; null for <see cref="SafetensorsEntry.DType"/>. Values are converted, 8-bit floats too.</param>
    /// <param name="device">Where it goes; null for the CPU.</param>
    /// <returns>A tensor of its own memory, outside all dispose scopes; the caller disposes it.</returns>
    /// <exception cref="InputException">There is none of that name.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        LibTorch.Load();
        ObjectDisposedException.ThrowIf(view.SafeMemoryMappedViewHandle.IsClosed, this);
        var entry = Entry(name);
        var result = empty([.. entry.Shape], dtype: dtype ?? entry.DType, device: device ?? CPU).DetachFromDisposeScope();
        try
        {
            MappedTensor.Copy(data + entry.Begin, entry, result);
            GC.KeepAlive(view);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the file. Tensors that were read stay.</summary>
    public void Dispose()
    {
        if (!view.SafeMemoryMappedViewHandle.IsClosed)
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            map.Dispose();
        }
    }

    private string Describe()
        => Entries.Count == 0 ? "no tensors" : $"{Entries.Count} tensors, {string.Join(", ", Entries.Take(3).Select(e => e.Name))}{(Entries.Count > 3 ? " and more" : "")}";
}
