using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;

namespace Neoteny.Tests;

/// <summary>While it lives, launches of kernels on tensors of the CPU run emulated: the code that launches them is tried too, with its shapes and arguments.</summary>
internal sealed class EmulatedLaunches : IDisposable
{
    private static readonly ConcurrentDictionary<CudaKernel, EmulatedKernel> Kernels = [];

    private EmulatedLaunches() => CudaKernel.Emulation = (CudaKernel kernel, in LaunchShape shape, ReadOnlySpan<CudaArgument> arguments) =>
    {
        Names.Add(kernel.Name);
        if (shape.GridX > 0 && shape.GridY > 0 && shape.GridZ > 0)
            Kernels.GetOrAdd(kernel, static k => EmulatedKernel.Compile(k.Source, k.Name)).Launch(shape, arguments);
    };

    /// <summary>What has been launched, in order.</summary>
    public List<string> Names { get; } = [];

    public static EmulatedLaunches Begin() => new();

    public void Dispose() => CudaKernel.Emulation = null;
}
