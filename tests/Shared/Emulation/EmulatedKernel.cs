using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Tests;

/// <summary>A CUDA kernel that runs on the CPU, on CPU tensors, with the arguments and shapes of <see cref="CudaKernel"/>.</summary>
/// <remarks>
/// The threads of a block are fibres which take turns where they meet. Found are: accesses outside of the tensors and of shared memory, misaligned ones, shared memory that is
/// read before it is written, accesses of two threads to one place without a barrier in between of which one writes, barriers and warp operations that not all threads reach,
/// and arguments of the wrong size. Shared memory is full of NaN when a block begins.
/// </remarks>
internal sealed unsafe class EmulatedKernel
{
    private const int MessageBytes = 4096;
    private const int MostArguments = 64;
    private const int MostThreads = 1024;

    private static readonly Lock Gate = new();
    private static readonly ConcurrentDictionary<string, nint> Libraries = [];
    private static readonly Lazy<nint> Emulator = new(() => NativeLibrary.Load(EmulatedSource.RuntimeLibrary));

    private readonly string library;
    private readonly nint call, touch;
    private readonly int[] sizes;

    private EmulatedKernel(string library, string name)
    {
        (this.library, Name) = (library, name);
        var handle = Libraries.GetOrAdd(library, NativeLibrary.Load);
        if (!NativeLibrary.TryGetExport(handle, "neoteny_call_" + name, out call))
            throw new ArgumentException($"{Path.GetFileName(library)} has no kernel {name}.", nameof(name));
        touch = NativeLibrary.GetExport(handle, "neoteny_touch");
        var all = stackalloc int[MostArguments];
        sizes = new ReadOnlySpan<int>(all, ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(handle, "neoteny_sizes_" + name))(all)).ToArray();
    }

    /// <summary>The function's name.</summary>
    public string Name { get; }

    /// <summary>Compiles a source with its macros, or takes what was compiled before.</summary>
    /// <exception cref="InvalidOperationException">It does not compile; the message is the compiler's.</exception>
    public static EmulatedKernel Compile(CudaSource source, string name) => new(EmulatedSource.Library(source), name);

    /// <summary>Runs the kernel and returns when it is done.</summary>
    /// <exception cref="EmulationException">The kernel does what is undefined on a device.</exception>
    public void Launch(in LaunchShape shape, params ReadOnlySpan<CudaArgument> arguments)
    {
        Check(shape, arguments);
        var values = stackalloc ulong[MostArguments];
        var pointers = stackalloc void*[MostArguments];
        List<(nint Begin, nint End, string Name)> memory = [];
        for (var i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Bits;
            pointers[i] = arguments[i].IsReference ? (void*)arguments[i].Bits : values + i;
            if (arguments[i].Tensor is not { } tensor)
                continue;
            if (tensor.device_type != DeviceType.CPU)
                throw new ArgumentException($"Argument {i} of {Name} is on {tensor.device_type}; the emulator takes tensors of the CPU.", nameof(arguments));
            var begin = TensorData.Pointer(tensor);
            values[i] = (ulong)begin;
            memory.Add((begin, begin + (nint)Extent(tensor), $"argument {i}"));
        }

        var names = new List<nint>();
        try
        {
            var regions = Merged(memory).Select(m =>
            {
                names.Add(Marshal.StringToCoTaskMemUTF8(m.Name));
                return new Region { Begin = m.Begin, End = m.End, Name = names[^1] };
            }).ToArray();
            Run(shape, pointers, regions);
        }
        finally
        {
            names.ForEach(Marshal.FreeCoTaskMem);
        }

        foreach (ref readonly var argument in arguments)
            GC.KeepAlive(argument.Owner);
    }

    private void Run(in LaunchShape shape, void** pointers, Region[] regions)
    {
        var message = stackalloc byte[MessageBytes];
        nint position;
        fixed (Region* first = regions)
        {
            var launch = new NativeLaunch
            {
                Call = call,
                Touch = touch,
                Arguments = pointers,
                Regions = first,
                RegionCount = regions.Length,
                Grid = new Index3((uint)shape.GridX, (uint)shape.GridY, (uint)shape.GridZ),
                Block = new Index3((uint)shape.BlockX, (uint)shape.BlockY, (uint)shape.BlockZ),
                SharedBytes = shape.SharedBytes,
                Message = message,
                Capacity = MessageBytes,
                Position = &position,
            };
            lock (Gate)
            {
                var run = (delegate* unmanaged<NativeLaunch*, int>)NativeLibrary.GetExport(Emulator.Value, "neoteny_launch");
                if (run(&launch) == 0)
                    return;
            }
        }

        throw new EmulationException($"{Name} ({shape}): {Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(message))}{Where(position)}.");
    }

    private void Check(in LaunchShape shape, ReadOnlySpan<CudaArgument> arguments)
    {
        if (arguments.Length != sizes.Length)
            throw new ArgumentException($"{Name} takes {sizes.Length} arguments, {arguments.Length} were given.", nameof(arguments));
        for (var i = 0; i < sizes.Length; i++)
        {
            if (arguments[i].Size != sizes[i])
                throw new ArgumentException($"Argument {i} of {Name} has {arguments[i].Size} bytes; the kernel's parameter has {sizes[i]}.", nameof(arguments));
        }

        var threads = (long)shape.BlockX * shape.BlockY * shape.BlockZ;
        if (threads is <= 0 or > MostThreads)
            throw new ArgumentException($"A block of {threads} threads is not possible ({shape}).", nameof(shape));
    }

    /// <summary>File and line of a place in the code, where the tool that knows it is here.</summary>
    private string Where(nint position)
    {
        if (position == 0)
            return "";
        try
        {
            // A return address lies behind the call. What is inlined has several places, the innermost first.
            var places = EmulatorCompiler.Run("addr2line", "-i", "-e", library, $"0x{position - 1:x}").Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(p => Path.GetFileName(p.Split(" (")[0])).Where(p => !p.StartsWith('?') && !p.Contains(".hpp:", StringComparison.Ordinal)).ToArray();
            return places.Length == 0 ? "" : $" ({string.Join(", called at ", places)})";
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>Bytes from the first element to the last.</summary>
    private static long Extent(Tensor tensor)
    {
        if (tensor.numel() == 0)
            return 0;
        var (shape, strides) = (tensor.shape, tensor.stride());
        return (1 + shape.Zip(strides, (s, t) => (s - 1) * t).Sum()) * tensor.element_size();
    }

    /// <summary>Tensors that share memory are one.</summary>
    private static List<(nint Begin, nint End, string Name)> Merged(List<(nint Begin, nint End, string Name)> memory)
    {
        List<(nint Begin, nint End, string Name)> merged = [];
        foreach (var part in memory.OrderBy(m => m.Begin))
        {
            if (merged.Count > 0 && part.Begin < merged[^1].End)
                merged[^1] = (merged[^1].Begin, Math.Max(merged[^1].End, part.End), part.Name == merged[^1].Name ? part.Name : $"{merged[^1].Name} and {part.Name}");
            else
                merged.Add(part);
        }

        return merged;
    }

    private readonly record struct Index3(uint X, uint Y, uint Z);

    private struct Region
    {
        public nint Begin, End, Name, Shadow;
        public byte Shared;
    }

    private struct NativeLaunch
    {
        public nint Call, Touch;
        public void** Arguments;
        public Region* Regions;
        public int RegionCount;
        public Index3 Grid, Block;
        public long SharedBytes;
        public byte* Message;
        public int Capacity;
        public nint* Position;
    }
}

/// <summary>A kernel that does what is undefined on a device.</summary>
internal sealed class EmulationException(string message) : Exception(message);
