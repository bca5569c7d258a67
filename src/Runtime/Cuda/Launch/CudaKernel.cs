using System.Runtime.InteropServices;
using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>One kernel of a <see cref="CudaSource"/>.</summary>
/// <remarks>Thread-safe, meant to be static. The first launch on a device compiles and loads the source; later ones allocate nothing.</remarks>
public sealed unsafe partial class CudaKernel
{
    private const int MostArguments = 64;

    /// <summary>Runs launches on tensors of the CPU, which are refused otherwise: tests set it to try kernels without a device.</summary>
    internal static KernelEmulation? Emulation;

    private readonly CudaSource source;
    private LoadedKernel?[] loaded = [];

    internal delegate void KernelEmulation(CudaKernel kernel, in LaunchShape shape, ReadOnlySpan<CudaArgument> arguments);

    internal CudaKernel(CudaSource source, string name) => (this.source, Name) = (source, name);

    /// <summary>The function's name.</summary>
    public string Name { get; }

    internal CudaSource Source => source;

    /// <summary>Starts the kernel on the current stream of the device that its tensors lie on. Returns before it has run.</summary>
    /// <param name="shape">Blocks, threads, shared memory. Without blocks nothing is launched.</param>
    /// <param name="arguments">All parameters in order, at least one of them a tensor. Borrowed: the memory of a tensor that is disposed after this
    /// call is not reused before the kernel has run, as libtorch hands memory on in the order of the stream.</param>
    /// <exception cref="CudaException">It does not compile, or the launch fails.</exception>
    /// <exception cref="ArgumentException">Arguments do not fit the kernel, or a tensor is on another device.</exception>
    public void Launch(in LaunchShape shape, params ReadOnlySpan<CudaArgument> arguments)
    {
        var device = DeviceOf(arguments);
        if (device < 0 && Emulation is { } emulate)
            emulate(this, shape, arguments);
        else
            Launch(device, CurrentStream(device), shape, arguments);
    }

    /// <summary>Starts the kernel on a stream.</summary>
    /// <param name="stream">The stream, of the device that the tensors lie on.</param>
    /// <param name="shape">Blocks, threads, shared memory. Without blocks nothing is launched.</param>
    /// <param name="arguments">All parameters in order. Tensors must live until the current stream has waited for this one.</param>
    /// <exception cref="CudaException">It does not compile, or the launch fails.</exception>
    /// <exception cref="ArgumentException">Arguments do not fit the kernel, or a tensor is on another device.</exception>
    public void Launch(CudaStream stream, in LaunchShape shape, params ReadOnlySpan<CudaArgument> arguments)
        => Launch(stream.Device.Index, stream.Handle, shape, arguments);

    /// <summary>Compiles and loads the kernel now instead of at its first launch.</summary>
    /// <param name="device">For which device.</param>
    /// <exception cref="CudaException">It does not compile or load.</exception>
    /// <returns>What the compiled kernel takes of a multiprocessor.</returns>
    public KernelResources Prepare(CudaDevice device)
    {
        var kernel = Loaded(device.Index);
        return new KernelResources(kernel.Registers, kernel.LocalBytes, kernel.StaticSharedBytes);
    }

    /// <summary>How many blocks of a shape run at once on one multiprocessor.</summary>
    /// <param name="device">The device.</param>
    /// <param name="shape">Only threads and shared memory count.</param>
    /// <exception cref="CudaException">The kernel does not load, or the shape does not fit the device.</exception>
    public int BlocksPerMultiprocessor(CudaDevice device, in LaunchShape shape)
    {
        var kernel = Loaded(device.Index);
        kernel.Allow(shape.SharedBytes);
        CudaStatus.Check(
            DriverApi.cuOccupancyMaxActiveBlocksPerMultiprocessor(out var blocks, kernel.Handle, shape.BlockX * shape.BlockY * shape.BlockZ, (nuint)shape.SharedBytes),
            "cuOccupancyMaxActiveBlocksPerMultiprocessor");
        return blocks;
    }

    private static int DeviceOf(ReadOnlySpan<CudaArgument> arguments)
    {
        foreach (ref readonly var argument in arguments)
        {
            if (argument.Tensor is { } tensor)
                return DeviceIndex(tensor.Handle);
        }

        throw new ArgumentException("A kernel without a tensor among its arguments needs a stream to run on.", nameof(arguments));
    }

    private static nint CurrentStream(int device)
    {
        if (device < 0)
            return 0;
        nint stream;
        return TorchStream.Current(device, &stream) == 0 ? stream : throw new CudaException($"libtorch has no current stream on device {device}.");
    }

    private void Launch(int device, nint stream, in LaunchShape shape, ReadOnlySpan<CudaArgument> arguments)
    {
        if (shape.GridX == 0 || shape.GridY == 0 || shape.GridZ == 0)
            return;
        if (arguments.Length > MostArguments)
            throw new ArgumentException($"{Describe(shape)} has {arguments.Length} arguments, at most {MostArguments} are possible.", nameof(arguments));
        var values = stackalloc ulong[arguments.Length];
        var pointers = stackalloc void*[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            ref readonly var argument = ref arguments[i];
            values[i] = argument.Tensor is { } tensor ? Address(tensor, device, i, shape) : argument.Bits;
            pointers[i] = argument.IsReference ? (void*)argument.Bits : values + i;
        }

        var kernel = Loaded(device);
        if (kernel.Sizes is { } sizes)
            CheckSizes(sizes, arguments, shape);
        kernel.Allow(shape.SharedBytes);
        kernel.Module.Device.Bind();
        var status = DriverApi.cuLaunchKernel(
            kernel.Handle, (uint)shape.GridX, (uint)shape.GridY, (uint)shape.GridZ, (uint)shape.BlockX, (uint)shape.BlockY, (uint)shape.BlockZ,
            (uint)shape.SharedBytes, stream, pointers, null);
        foreach (ref readonly var argument in arguments)
            GC.KeepAlive(argument.Owner);
        if (status != 0)
            throw new CudaException($"cuLaunchKernel of {Describe(shape)} failed: {CudaStatus.Describe(status)}.{CudaStatus.Advice(status)}", status);
    }

    private ulong Address(Tensor tensor, int device, int position, in LaunchShape shape)
    {
        if (DeviceIndex(tensor.Handle) != device || device < 0)
            throw new ArgumentException($"Argument {position} of {Describe(shape)} is on {tensor.device}; the kernel runs on a CUDA device and wants all tensors there.");
        return (ulong)TensorData.Pointer(tensor);
    }

    private void CheckSizes(int[] sizes, ReadOnlySpan<CudaArgument> arguments, in LaunchShape shape)
    {
        if (sizes.Length != arguments.Length)
            throw new ArgumentException($"{Describe(shape)} takes {sizes.Length} arguments, {arguments.Length} were given.");
        for (var i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] != arguments[i].Size)
            {
                throw new ArgumentException($"Argument {i} of {Describe(shape)} has {arguments[i].Size} bytes; the kernel's parameter has {sizes[i]} "
                    + "(int and float are 4, long, double and tensors 8).");
            }
        }
    }

    private LoadedKernel Loaded(int device)
        => device >= 0 && device < loaded.Length && loaded[device] is { } kernel ? kernel : Load(device);

    private LoadedKernel Load(int device)
    {
        var made = new LoadedKernel(source.Module(CudaDevice.Get(device)), Name);
        var grown = new LoadedKernel?[Math.Max(loaded.Length, device + 1)];
        loaded.CopyTo(grown, 0);
        grown[device] = made;
        loaded = grown;
        return made;
    }

    private string Describe(in LaunchShape shape) => $"the kernel {Name} ({source.Name}; {shape})";

    [SuppressGCTransition]
    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_device_index")]
    private static partial int DeviceIndex(nint tensor);
}
