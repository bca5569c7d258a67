using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Harness;

/// <summary>Holds the device without work while the host issues what is measured. Products instead would bring the device to its power limit, and lower its clock.</summary>
internal sealed class DeviceWait : IDisposable
{
    private const string Text = """
        extern "C" __global__ void hold(int* unused, long long cycles)
        {
            const long long start = clock64();
            while (clock64() - start < cycles)
                __nanosleep(200);
        }
        """;

    private const long Cycles = 4_000_000;

    private static readonly CudaKernel Hold = new CudaSource("hold.cu", Text).Kernel("hold");

    private readonly Tensor unused = zeros(1, ScalarType.Int32, CUDA);

    /// <summary>Holds the current stream, for about two milliseconds.</summary>
    public void Start() => Hold.Launch(new LaunchShape(1, 1), unused, Cycles);

    public void Dispose() => unused.Dispose();
}
